"""What can be wrong with a checkpoint file.

WeightsError  it is nowhere, or it is not the file that was published
"""


class WeightsError(Exception):
    """One sentence for the user: where it was looked for or what was found, and what would be right."""
