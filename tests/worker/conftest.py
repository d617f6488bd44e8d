"""A server of its own, for the test that restarts it."""

from tests.store.embedded.conftest import data_folder, empty_folder, place, stopped_folder

__all__ = ["data_folder", "empty_folder", "place", "stopped_folder"]
