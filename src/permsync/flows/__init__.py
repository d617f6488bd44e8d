"""One verb per file: the only place where a rule meets I/O."""
