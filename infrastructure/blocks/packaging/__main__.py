"""`python -m infrastructure.blocks.packaging` builds what `pulumi up` uploads, and prints where it is."""

import sys

from infrastructure.blocks.packaging import dependency_layer, functions_archive, missing_bytecode

if problem := missing_bytecode():
    print(problem, file=sys.stderr)
print(functions_archive(with_bytecode=True), dependency_layer(), sep="\n")
