"""JUnit XML, which every CI server shows: one case for each floor of each model."""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from weighbridge.evals.prove import GateResult, GateState


def junit(task: str, results: Sequence[GateResult]) -> bytes:
    """A test suite for each model; a floor that is not shown is a failure, one that cannot be judged an error."""
    root = ET.Element("testsuites", name=f"quality gate of {task}")
    for result in results:
        suite = ET.SubElement(root, "testsuite", name=result.model, tests=str(len(result.floors)))
        states = [_state(result, item.state) for item in result.floors]
        suite.set("failures", str(sum(state in {GateState.FAILED, GateState.TOO_FEW} for state in states)))
        suite.set("errors", str(states.count(GateState.INCOMPLETE)))
        for item, state in zip(result.floors, states, strict=True):
            case = ET.SubElement(suite, "testcase", classname=f"{task}.{result.model}", name=item.floor.name)
            if state is GateState.INCOMPLETE:
                ET.SubElement(case, "error", message=f"{result.unanswered} questions are without an answer or judge")
            elif state is not GateState.PASSED:
                ET.SubElement(case, "failure", type=state.value, message=item.sentence)
    ET.indent(root)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def _state(result: GateResult, own: GateState) -> GateState:
    return GateState.INCOMPLETE if result.state is GateState.INCOMPLETE else own
