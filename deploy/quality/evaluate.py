"""A reference, an output and masks in; a table, and the files that were asked for, out. One pass, bounded memory."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.quality.film import write_film
from deploy.quality.flicker import Motions
from deploy.quality.frechet import frechet
from deploy.quality.learned import Films, lpips
from deploy.quality.looks import difference, outlined
from deploy.quality.moments import Moment, Pair
from deploy.quality.pictures import Picture
from deploy.quality.report import Compared, SeriesFile
from deploy.quality.score import ClipScore, Scorer
from deploy.quality.sheets import Sheet, write_png
from stages.decode.names import reason
from stages.encode.config import EncodeConfig
from stages.encode.targets import check_apart, check_target
from stages.errors import OptionError, SinkError
from transport.messages import Frame

FLOWS = ("reference", "output")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the user asked of `cleanplate eval`."""

    reference: str
    output: str
    mask: str | None = None
    flow: str = "reference"  # whose motion the warping error follows
    json: Path | None = None
    sheet: Path | None = None
    film: str | None = None  # the differences
    force: bool = False  # overwrite these files
    lpips: tuple[Path, ...] = ()  # checkpoints
    vfid: Path | None = None  # checkpoint

    def __post_init__(self) -> None:
        if self.flow not in FLOWS:
            raise OptionError(f"there is no flow of {self.flow!r}, {' or '.join(FLOWS)} expected")


def evaluate(wanted: Wanted) -> ClipScore:
    """Return the score of the clip, after everything else that was asked for is written; StageError says what is wrong.

    Held at any time: two frames of each video, and the sheet's moments as small as they are shown.
    """
    _check(wanted)
    pair = Pair(wanted.reference, wanted.output, wanted.mask)
    scorer, sheet = Scorer(lpips=lpips(wanted.lpips) if wanted.lpips else None), Sheet()
    films = _Films(wanted.vfid) if wanted.vfid else None
    with ExitStack() as stack:
        series = stack.enter_context(_series(wanted, wanted.json)) if wanted.json else None
        moments = films.watch(pair.moments()) if films else pair.moments()
        drawn = _drawn(moments, wanted, scorer, sheet, series)
        if wanted.film:
            write_film(drawn, pair.info, wanted.film, EncodeConfig(force=wanted.force))
        else:
            for _ in drawn:
                pass
        clip = replace(scorer.clip(), vfid=films.distance() if films else None)
        if series:
            series.finish(clip)
    if wanted.sheet:
        write_png(sheet.picture(), wanted.sheet)
    return clip


class _Films:
    """Both videos, as one feature each."""

    def __init__(self, weights: Path) -> None:
        films = Films(weights)
        self._reference, self._output = films.open(), films.open()

    def watch(self, moments: Iterator[Moment]) -> Iterator[Moment]:
        for moment in moments:
            self._reference.add(moment.reference)
            self._output.add(moment.output)
            yield moment

    def distance(self) -> float:
        return frechet(self._reference.feature()[None], self._output.feature()[None])


def _series(wanted: Wanted, path: Path) -> SeriesFile:
    compared = Compared(reference=wanted.reference, output=wanted.output, mask=wanted.mask, flow=wanted.flow)
    return SeriesFile(path, compared)


def _drawn(
    moments: Iterator[Moment], wanted: Wanted, scorer: Scorer, sheet: Sheet, series: SeriesFile | None
) -> Iterator[tuple[Frame, Picture]]:
    """Score moment after moment; yield the difference of each, for those who want to see it."""
    motions = Motions()
    for moment in moments:
        motion = motions.step(moment.reference if wanted.flow == "reference" else moment.output)
        score = scorer.add(moment.reference, moment.output, moment.hole, motion)
        if series:
            series.add(score)
        if wanted.sheet:
            sheet.add(score.seq, moment.reference, moment.output, moment.hole)
        yield moment.frame, outlined(difference(moment.reference, moment.output), moment.hole)


def _check(wanted: Wanted) -> None:
    """Raise for everything about the files to be written that can be known before any work is done."""
    for path in (wanted.json, wanted.sheet):
        if path is not None:
            _check_file(path, wanted)
    if wanted.film:
        check_target(wanted.film, EncodeConfig(force=wanted.force), wanted.reference)
    for target in (wanted.json, wanted.sheet, wanted.film):
        for what, read in (("reference", wanted.reference), ("output", wanted.output), ("mask", wanted.mask)):
            if target and read:
                check_apart(str(target), read, what)


def _check_file(path: Path, wanted: Wanted) -> None:
    try:
        if path.is_dir():
            raise SinkError(f"{path} is a folder, a file expected")
        if path.exists() and not wanted.force:
            raise SinkError(f"{path} already exists; --force overwrites it")
    except OSError as error:  # a name that is too long
        raise SinkError(f"{path} cannot be written: {reason(error)}") from error
    if not path.absolute().parent.is_dir():
        raise SinkError(f"{path} cannot be written: there is no folder {path.absolute().parent}")
