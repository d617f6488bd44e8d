"""What a host of another package lacks is named before anything calls it."""

from permsync.codehost import CodeHost
from permsync.codehost.contract import missing_in_class, missing_in_object


class _Empty:
    pass


class _Nearly(_Empty):
    title = "Nearly"
    scopes = ()

    def parse_page(self) -> None: ...


def test_a_class_lacks_the_methods_and_words_that_it_does_not_have() -> None:
    lacks = missing_in_class(_Empty)
    assert {"kind", "title", "hooks", "options", "parse_page", "vouches"} <= set(lacks)
    assert set(lacks) - set(missing_in_class(_Nearly)) == {"title", "parse_page"}
    assert list(lacks) == sorted(lacks)


def test_an_object_lacks_the_properties_that_neither_it_nor_its_class_has() -> None:
    assert {"api_url", "rotation", "scopes", "manners"} <= set(missing_in_object(_Empty()))
    assert "scopes" not in missing_in_object(_Nearly())


def test_manners_may_be_of_the_object_alone_because_options_may_say_them() -> None:
    assert "manners" not in missing_in_class(_Empty)


def test_class_and_object_together_are_the_whole_contract() -> None:
    named = {name for name in vars(CodeHost) if not name.startswith("_")}
    assert named <= {*missing_in_class(_Empty), *missing_in_object(_Empty())}
