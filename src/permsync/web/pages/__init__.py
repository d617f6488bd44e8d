"""The pages that people see: one file per screen, and what all screens share."""
