"""What is known about datasets and experiments, under the old client's names."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Iterable
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from amltui.api.arguments import not_none
from amltui.models import Dataset, Experiment, ExperimentStatus, Location
from amltui.text import human_size, near, visible

_SHOWN: Final = 100
"""Datasets in a notebook's table."""

F = TypeVar("F", bound=Callable[..., Any])

if TYPE_CHECKING:

    def only_if(condition: Callable[[Any], bool]) -> Callable[[F], F]:
        """For a type checker the method is always there."""

else:

    class only_if:  # noqa: N801 - a decorator
        """A method that is absent (`hasattr` is false) where `condition(self)` does not hold."""

        def __init__(self, condition: Callable[[Any], bool]) -> None:
            self.condition = condition

        def __call__(self, function: F) -> only_if:
            """Take the method."""
            self.__wrapped__ = function
            self.__doc__ = function.__doc__
            return self

        def __get__(self, instance: object, owner: type | None = None) -> Any:
            if instance is None:
                return self.__wrapped__
            if not self.condition(instance):
                name = self.__wrapped__.__name__
                raise AttributeError(
                    f"This {type(instance).__name__} has no {name}: {_why_not(self.condition)}",
                    name=name,
                )
            return self.__wrapped__.__get__(instance, owner)


def has_frame(dataset: Any) -> bool:
    """Whether a dataset can be read as a frame: by its type, or by its name where bytes decide."""
    from amltui.api.content_frames import may_be_table
    from amltui.formats.frames import is_supported

    if not dataset.data_type_id:
        return False
    return is_supported(dataset.data_type_id) or may_be_table(str(getattr(dataset, "name", "")))


def is_own(dataset: Any) -> bool:
    """Whether a dataset can be changed."""
    return not dataset.is_example


def _why_not(condition: Callable[[Any], bool]) -> str:
    if condition is is_own:
        return "it is an example, which nobody can change."
    return "its type cannot be read as a frame."


class Conditional:
    """A class some of whose methods are absent in some objects."""

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if self._has(name)]

    def _has(self, name: str) -> bool:
        found = inspect.getattr_static(type(self), name, None)
        condition = getattr(found, "condition", None)
        return condition is None or bool(condition(self))


class DatasetMetadata:
    """What the workspace says about one instance of a dataset. Times are aware, in UTC."""

    _model: Dataset

    def __repr__(self) -> str:
        return visible(self._model.name)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return dataset_table((self._model,))

    def __getstate__(self) -> dict[str, Any]:
        from amltui.cache.entries import without_links

        # A link opens the contents to whoever has it; the workspace gives a new one.
        return {**self.__dict__, "_model": without_links(self._model)}

    @property
    def model(self) -> Dataset:
        """All of it as one plain value."""
        return self._model

    @property
    def id(self) -> str:
        """`workspaceId.familyId.instanceId`: unique for this version."""
        return self._model.id

    @property
    def dataset_id(self) -> str:
        """The same as `id`."""
        return self._model.id

    @property
    def name(self) -> str:
        """Unique in the workspace."""
        return self._model.name

    @property
    def description(self) -> str:
        """As the owner wrote it."""
        return self._model.description

    @property
    def family_id(self) -> str:
        """What all versions of this dataset share."""
        return self._model.family_id

    @property
    def data_type_id(self) -> str:
        """How the contents are written; see `DataTypeIds`."""
        return self._model.data_type_id

    @property
    def size(self) -> int | None:
        """Bytes of the contents; None when the workspace does not say."""
        return self._model.size

    @property
    def created_date(self) -> datetime | None:
        """When this version was made (UTC)."""
        return self._model.created_date

    @property
    def created_date_ticks(self) -> int | None:
        """As `created_date`, in steps of 100 ns since the year 1."""
        return self._model.created_date_ticks

    @property
    def owner(self) -> str:
        """Who or what made it."""
        return self._model.owner

    @property
    def source_origin(self) -> str:
        """How it came here, for example `FromResourceUpload`."""
        return self._model.source_origin

    @property
    def resource_upload_id(self) -> str | None:
        """The upload that it was made of."""
        return self._model.resource_upload_id

    @property
    def uploaded_from_filename(self) -> str:
        """The file that was uploaded, where known."""
        return self._model.uploaded_from_filename

    @property
    def experiment_id(self) -> str | None:
        """The experiment that it was saved from."""
        return self._model.experiment_id

    @property
    def promoted_from(self) -> str | None:
        """The experiment's output that it was saved from."""
        return self._model.promoted_from

    @property
    def client_version(self) -> str | None:
        """What the uploading client said of itself."""
        return self._model.client_version

    @property
    def service_version(self) -> int:
        """A number of the service."""
        return self._model.service_version

    @property
    def is_latest(self) -> bool:
        """Whether no newer version was there when this was asked."""
        return self._model.is_latest

    @property
    def is_deprecated(self) -> bool:
        """Whether its owner advises against it."""
        return self._model.is_deprecated

    @property
    def is_example(self) -> bool:
        """Whether it is one of the examples, which nobody can change."""
        return self._model.is_example

    @property
    def category(self) -> str:
        """A word of the service's own."""
        return self._model.category

    @property
    def culture(self) -> str:
        """Language and region, for example `en-US`."""
        return self._model.culture

    @property
    def batch(self) -> int:
        """A number of the service's own."""
        return self._model.batch

    @property
    def schema_status(self) -> str:
        """Pending, Complete, NotSupported or Failed."""
        return self._model.schema_status

    @property
    def download_location(self) -> Location:
        """Where the contents are; its credential is a secret."""
        return self._model.download_location

    @property
    def visualize_end_point(self) -> Location:
        """Where the service's own statistics are."""
        return self._model.visualize_end_point

    @property
    def schema_end_point(self) -> Location:
        """Where the columns' names and types are."""
        return self._model.schema_end_point

    @property
    def contents_url(self) -> str:
        """The whole link to the contents: whoever has it can read them, so a secret."""
        return self._model.download_location.url


def dataset_table(datasets: Iterable[Dataset]) -> str:
    """Datasets as a table in HTML, for notebooks; at most the first 100."""
    from itertools import islice

    shown = list(islice(datasets, _SHOWN + 1))
    lines = [
        "".join(
            f"<td>{escape(visible(str(value)))}</td>"
            for value in (
                one.name,
                one.data_type_id,
                human_size(one.size),
                f"{one.created_date:%Y-%m-%d %H:%M}" if one.created_date else "",
                one.owner,
            )
        )
        for one in shown[:_SHOWN]
    ]
    if len(shown) > _SHOWN:
        lines.append('<td colspan="5">…</td>')
    rows = "".join(f"<tr>{line}</tr>" for line in lines)
    titles = "".join(f"<th>{title}</th>" for title in ("name", "type", "size", "created", "owner"))
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>"


class ExperimentMetadata:
    """What the workspace says about an experiment."""

    _model: Experiment

    def __repr__(self) -> str:
        return f"{visible(self._model.experiment_id)}\t{visible(self._model.description)}"

    @property
    def experiment_id(self) -> str:
        """Unique; begins with the workspace's id."""
        return self._model.experiment_id

    @property
    def description(self) -> str:
        """What its author called it."""
        return self._model.description

    @property
    def creator(self) -> str:
        """Who made it."""
        return self._model.creator

    @property
    def status(self) -> ExperimentStatus:
        """How far its last run came, with times in UTC."""
        return self._model.status

    @property
    def job_id(self) -> str | None:
        """The last run's job."""
        return self._model.job_id

    @property
    def version_id(self) -> str | None:
        """Its version."""
        return self._model.version_id

    @property
    def etag(self) -> str | None:
        """What changes when it changes."""
        return self._model.etag

    @property
    def run_id(self) -> str | None:
        """The last run."""
        return self._model.run_id

    @property
    def is_archived(self) -> bool:
        """Whether it was put away."""
        return self._model.is_archived

    @property
    def is_example(self) -> bool:
        """Whether it is one of the examples."""
        return self._model.is_example


M = TypeVar("M", Dataset, Experiment)

_MISSING: Final = {
    Dataset: 'A data set named "{}" does not exist',
    Experiment: 'An experiment with the id "{}" does not exist',
}


class Listed(Generic[M]):
    """One answer of the workspace to "what is there", ready to be looked up in."""

    _models: tuple[M, ...]

    def __init__(self, kind: type[M], models: tuple[M, ...]) -> None:
        self._models = models
        self._missing = _MISSING[kind]
        self._by_id: dict[str, M] = {}
        self._by_name: dict[str, M] = {}
        for model in reversed(models):  # the first of two equal names wins
            if isinstance(model, Dataset):
                self._by_id[model.id] = model
                self._by_name[model.name] = model
            else:
                self._by_id[model.experiment_id] = model

    def only(self, *, examples: bool | None) -> tuple[M, ...]:
        """All of them, or just the examples, or just the others."""
        if examples is None:
            return self._models
        return tuple(model for model in self._models if model.is_example == examples)

    def find(self, wanted: str, *, examples: bool | None) -> M | None:
        """By name (case-sensitive) or by id; None: there is none."""
        found = self._by_name.get(wanted) or self._by_id.get(wanted)
        if found is None or (examples is not None and found.is_example != examples):
            return None
        return found

    def pick(self, index: int | str, *, examples: bool | None) -> M:
        """By position (negative from the end), by name (case-sensitive) or by id.

        Raises:
            TypeError: `index` is None.
            IndexError: there is none; for a text it names near ones.
        """
        not_none("index", index)
        if not isinstance(index, str):
            models, place = self.only(examples=examples), operator.index(index)
            if not -len(models) <= place < len(models):
                raise IndexError(f"There is none at {place}: there are {len(models)}")
            return models[place]
        found = self.find(index, examples=examples)
        if found is None:
            missing = self._missing.format(index)
            close = _near(index, self.only(examples=examples))
            raise IndexError(f"{missing}. Did you mean {close}?" if close else missing)
        return found


def _near(wanted: str, models: tuple[Dataset, ...] | tuple[Experiment, ...]) -> str:
    """What to write instead of `wanted`; an experiment, too, is known to people by a name."""
    called: dict[str, str] = {}
    for model in models:
        if isinstance(model, Dataset):
            called[model.name] = f'"{visible(model.name)}"'
        else:
            said = f'"{visible(model.experiment_id)}" ({visible(model.description)})'
            called[model.description] = called[model.experiment_id] = said
    return " or ".join(dict.fromkeys(called[name] for name in near(wanted, called)))
