"""`python -m operations.cost.committing`: write the bills of all stages to the file that is committed."""

from __future__ import annotations

import json

from infrastructure.cost.committed import FILE, STAGES
from infrastructure.cost.load import MILLION
from operations.cost.billing import bill_of


def main() -> None:
    """Measure every stage, and write what it costs."""
    bills = {stage: bill_of(stage).document(MILLION) for stage in STAGES}
    FILE.write_text(json.dumps(bills, indent=1) + "\n", encoding="utf-8")
    for stage, bill in bills.items():
        print(f"{stage}: ${bill['dollars_per_million_tasks']:.2f} per million tasks")


if __name__ == "__main__":
    main()
