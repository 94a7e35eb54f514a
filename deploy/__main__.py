"""`python -m deploy` is `cleanplate`."""

import sys

from deploy.cli import main

sys.exit(main())
