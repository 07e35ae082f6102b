"""What `--json` prints of each kind of thing. Keys are a promise; links and tokens never appear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amltui.models import Dataset, Experiment, ModuleNode, OutputPort

if TYPE_CHECKING:
    from amltui.services.versions import Version


def of_dataset(dataset: Dataset) -> dict[str, Any]:
    """A dataset's document."""
    return {
        "id": dataset.id,
        "family_id": dataset.family_id,
        "name": dataset.name,
        "data_type_id": dataset.data_type_id,
        "description": dataset.description,
        "size": dataset.size,
        "created": dataset.created_date,
        "owner": dataset.owner,
        "is_example": dataset.is_example,
        "is_latest": dataset.is_latest,
        "source_origin": dataset.source_origin,
        "uploaded_from_filename": dataset.uploaded_from_filename,
        "experiment_id": dataset.experiment_id,
        "schema_status": dataset.schema_status,
        "tags": dict(dataset.tags),
        "note": dataset.note,
    }


def of_version(version: Version) -> dict[str, Any]:
    """A version's document: its dataset's, with its number and hash."""
    return {
        **of_dataset(version.dataset),
        "number": version.number,
        "sha256": version.dataset.sha256,
    }


def of_experiment(experiment: Experiment) -> dict[str, Any]:
    """An experiment's document."""
    return {
        "id": experiment.experiment_id,
        "description": experiment.description,
        "creator": experiment.creator,
        "status": experiment.status.status_code,
        "created": experiment.status.creation_time,
        "is_example": experiment.is_example,
        "is_archived": experiment.is_archived,
    }


def of_output(port: OutputPort, node: ModuleNode) -> dict[str, Any]:
    """An output port's document."""
    return {
        "node_id": port.node_id,
        "port": port.port_name,
        "data_type_id": port.data_type_id,
        "module": port.module,
        "status": node.status,
    }
