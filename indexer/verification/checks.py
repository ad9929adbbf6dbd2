"""`indexer verify`: runs the comparison or the repair, and reports the result to the operator."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from time import perf_counter
from typing import Any

from indexer.changes.revisions import find_restore
from indexer.lifecycle import generations
from indexer.lifecycle.fill import Progress
from indexer.lifecycle.generations import Refused
from indexer.terminal import DRIFT, OK, Outcome, Stores, stores
from indexer.verification.repair import Repaired, repair
from indexer.verification.verify import Verified, record, verify
from schemas.settings import Settings


async def check_index(
    settings: Settings, *, index: str | None = None, deep: Progress | None = None, repairing: bool = False
) -> Outcome:
    """Verify a generation, by default the live one, and repair it if `repairing` is set.

    Raises:
        Refused: there is no such generation.
    """
    async with stores(settings) as to:
        chosen = await _choose(to, index)
        ahead = await find_restore(to.engine, to.search, to.alias)
        began = perf_counter()
        if repairing:
            repaired = await repair(
                to.engine, to.search, alias=to.alias, index=chosen, deep=deep, epoch=to.epoch
            )
        else:
            found = await verify(
                to.engine, to.search, alias=to.alias, index=chosen, deep=deep, epoch=to.epoch
            )
            repaired = Repaired(found, found, 0)
        seconds = round(perf_counter() - began, 3)
        await record(to.engine, repaired.left)
    is_well = bool(repaired.left) and (repairing or ahead is None)
    return Outcome(
        _facts(repaired) | {"restored": ahead and asdict(ahead), "repair": repairing, "seconds": seconds},
        [
            *([str(ahead)] if ahead and not repairing else []),
            *_sentences(repaired, seconds, repairing=repairing),
        ],
        OK if is_well else DRIFT,
    )


async def _choose(to: Stores, index: str | None) -> str:
    async with to.engine.connect() as connection:
        standing = [each.name for each in await generations.existing(connection, to.alias)]
    target = [index] if index else await generations.alias_target(to.search, to.alias)
    if not target:
        raise Refused("Nothing is live: run `indexer reindex`.")
    if not index and target[0] not in standing:
        raise Refused(f"The database knows nothing of {target[0]}, which is live: run `indexer reindex`.")
    if target[0] not in standing:
        raise Refused(f"{target[0]} is not a generation of {to.alias}; `indexer status` lists them.")
    return target[0]


def _facts(repaired: Repaired) -> dict[str, Any]:
    found, left = repaired.found, repaired.left
    return {
        "generation": left.generation,
        "rows": left.rows,
        "documents": left.documents,
        "found": found.drift.by_fault,
        "left": left.drift.by_fault,
        "differences": [asdict(difference) for difference in left.differences],
        "examples": [asdict(finding) for finding in left.drift.examples or found.drift.examples],
        "tombstones_removed": repaired.tombstones,
    }


def _sentences(repaired: Repaired, seconds: float, *, repairing: bool) -> Iterator[str]:
    found, left = repaired.found, repaired.left
    yield f"{left.generation}: {left.rows:,} rows, {left.documents:,} documents, compared in {seconds:.1f} s."
    yield f"Found {found.drift}."
    yield from _examples(left if left.drift else found)
    if repairing:
        yield f"Left after the repair {left.drift}; {repaired.tombstones:,} tombstones removed."
    elif found.drift:
        yield "Run `indexer verify --repair` to mend it."
    for difference in left.differences:
        yield f"The index is not as this release makes it: {difference}. Run `indexer reindex`."
    if repairing and left.drift:
        yield "What is left only gives way to a new index: run `indexer reindex`."


def _examples(verified: Verified) -> Iterator[str]:
    for finding in verified.drift.examples:
        facts: Mapping[str, object] = {"row": finding.row_revision, "document": finding.document_revision}
        told = ", ".join(f"{name} at {value or 'none'}" for name, value in facts.items())
        yield f"  {finding.property_id} {finding.fault}: {told}"
