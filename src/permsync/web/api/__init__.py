"""The API for programs: one file per noun, all under /v1 and behind a service key."""
