"""What can be wrong with a checkpoint, and with getting one.

WeightsError    it is nowhere, or it is not the file that was published
  FetchError    it could not be brought here
  LicenceError  it has terms that nobody accepted
  StoreError    there is no room for it, or no right to write
"""


class WeightsError(Exception):
    """One sentence for the user: where it was looked for or what was found, and what would be right."""


class FetchError(WeightsError):
    """No address gave the file."""


class LicenceError(WeightsError):
    """The file is not for every purpose, and the user did not say that theirs is among them."""


class StoreError(WeightsError):
    """The file cannot be written where checkpoints lie."""
