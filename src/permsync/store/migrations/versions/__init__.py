"""The history of the schema: one frozen module per step, applied in order by Alembic."""
