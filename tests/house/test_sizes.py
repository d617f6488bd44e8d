"""
Modules and functions stay small enough for one head; the figures are those of the design.

A budget that is broken names the files that break it, the worst first.
"""

from statistics import median

from tests.house.tree import Function, functions, modules, modules_of_tests

MODULE_MAX = 300
MODULE_MEDIAN = 120
FUNCTION_MAX = 60
FUNCTION_MEDIAN = 9
LONG_FUNCTION = 40
LONG_SHARE = 0.02


def _functions() -> list[Function]:
    found = [function for module in modules() for function in functions(module)]
    return sorted(found, key=lambda function: -function.lines)


def test_no_module_is_longer_than_the_budget() -> None:
    everything = [*modules(), *modules_of_tests()]
    long = {module.place: module.lines for module in everything if module.lines > MODULE_MAX}
    assert not long


def test_the_median_module_is_short() -> None:
    sizes = sorted((module.lines, module.place) for module in modules() if module.has_code)
    assert median(lines for lines, _ in sizes) <= MODULE_MEDIAN, sizes[-10:]


def test_no_function_is_longer_than_the_budget() -> None:
    long = {found.place: found.lines for found in _functions() if found.lines > FUNCTION_MAX}
    assert not long


def test_the_median_function_is_short() -> None:
    assert median(function.lines for function in _functions()) <= FUNCTION_MEDIAN


def test_few_functions_are_long() -> None:
    everything = _functions()
    long = [f"{found.place}: {found.lines}" for found in everything if found.lines > LONG_FUNCTION]
    assert len(long) <= LONG_SHARE * len(everything), long
