"""Names that Textual keeps for itself: ours must not take one by accident."""

import dis
import importlib
import pkgutil
import sys

import amltui.tui

INTENDED = {
    ("AmltuiApp", "_display"),
    ("AmltuiApp", "_fatal_error"),
    ("SteadyScroll", "_scroll_update"),
    ("GridView", "_scroll_to"),
    ("StyleRules", "_process_component_classes"),
}
"""Overrides of private methods. Each says beside its definition why there is no public way."""

WRITTEN_BY_TEXTUAL = {
    "_abc_impl",
    "_computes",
    "_css_type_name",
    "_css_type_names",
    "_decorated_handlers",
    "_default_focused",
    "_inherit_bindings",
    "_inherit_component_classes",
    "_inherit_css",
    "_merged_bindings",
    "_reactives",
}
"""What it, or Python, puts into every subclass, or takes as a keyword of the class."""


def our_classes() -> list[type]:
    for module in pkgutil.walk_packages(amltui.tui.__path__, "amltui.tui."):
        importlib.import_module(module.name)
    return [
        one
        for module in [m for n, m in sys.modules.items() if n.startswith("amltui.tui")]
        for one in vars(module).values()
        if isinstance(one, type) and one.__module__ == module.__name__
    ]


def private_names_taken(cls: type) -> set[tuple[str, str]]:
    """Names of a class that a base from Textual defines as private.

    Textual sets some of its private attributes in `__init__`; those stand in the compiled code of
    the methods of its classes.
    """
    own = {name for name in vars(cls) if name.startswith("_") and not name.startswith("__")}
    own |= assigned_in_methods(cls)
    theirs: set[str] = set()
    for base in cls.__mro__:
        if base.__module__.startswith("textual"):
            theirs |= {name for name in vars(base) if name.startswith("_")}
            theirs |= assigned_in_methods(base)
    return {(cls.__name__, name) for name in own & theirs - WRITTEN_BY_TEXTUAL}


def assigned_in_methods(cls: type) -> set[str]:
    """The private names of a class which its methods assign on `self`."""
    found = set()
    for one in vars(cls).values():
        code = getattr(one, "__code__", None)
        if code is None:
            continue
        found |= {
            step.argval
            for step in dis.get_instructions(code)
            if step.opname == "STORE_ATTR" and step.argval.startswith("_")
        }
    return {name for name in found if not name.startswith("__")}


def test_no_name_of_ours_hides_a_private_one_of_textual():
    classes = our_classes()
    assert len(classes) > 50, "the classes of the terminal program were not found"
    taken = {one for cls in classes for one in private_names_taken(cls)}
    assert sorted(taken) == sorted(INTENDED)
