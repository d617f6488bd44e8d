"""permsync keeps code-host tokens fresh, mirrors who may read what, and answers for it."""
