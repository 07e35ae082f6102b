"""What is measured is what people run: programs whose modules were compiled when first used."""

import os

# Where this is set, each start would compile all modules of the programs measured once more, but
# for those that pip compiled when it installed them.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
