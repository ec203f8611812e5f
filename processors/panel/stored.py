"""The panel's sections of the state, three for each measure that is on: its state, its closed windows' values, reasons.

A measure that is new starts from nothing, one that is gone is left out; one whose version, parameters or outputs
changed is refused.
"""

import numpy as np

from equipoise.processors.panel.arrays import Panel
from equipoise.processors.panel.settings import Active, PanelSettings
from equipoise.processors.sections import Meaning, Section


def _meaning(each: Active) -> Meaning:
    measure = each.measure
    parameters = zip(measure.parameters, each.parameters, strict=True)
    outputs = " ".join(output.name for output in measure.outputs)
    return {"version": measure.version, "outputs": outputs, **{p.name: value for p, value in parameters}}


def sections(panel: Panel, settings: PanelSettings) -> list[Section]:
    """Views of what the panel keeps of each instrument."""
    found = []
    values, reasons = (rows.view(np.ndarray) for rows in (panel.values, panel.reasons))
    for call, each in zip(panel.calls, settings.active, strict=True):
        name, meaning, measure = f"measure {each.measure.name}", _meaning(each), each.measure
        own = panel.states[:, int(call.state_at) : int(call.state_at) + measure.state.itemsize]
        columns = slice(int(call.first), int(call.first + call.outputs))
        found += [
            Section(name, meaning, own.view(np.ndarray).view(measure.state)),
            Section(f"{name} values", meaning, values[:, :, columns]),
            Section(f"{name} reasons", meaning, reasons[:, :, columns]),
        ]
    return found
