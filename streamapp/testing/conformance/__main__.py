"""`python -m streamapp.testing.conformance`."""

from streamapp.testing.conformance.command import main

raise SystemExit(main())
