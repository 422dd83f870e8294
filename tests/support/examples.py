"""How many inputs the tests of properties generate."""

import os

#: Of each property; see docs/testing.md.
MAX_EXAMPLES = int(os.environ.get("MAX_EXAMPLES", "100"))
