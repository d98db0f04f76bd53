import pytest

from weighbridge.validation.weight import is_check_within, is_expansion_within

BRANCHES = [{"type": "string"}] * 3


@pytest.mark.parametrize(
    ("schema", "answer", "steps"),
    [
        (True, 1, 1),
        ({"anyOf": BRANCHES}, 1, 4),
        ({"not": {}, "if": {}, "then": {}, "else": {}}, 1, 5),
        ({"properties": {"a": {}, "b": {}}}, {"a": 1}, 2),
        ({"patternProperties": {"a": {}, "b": {}}}, {"x": 1, "y": 2}, 5),
        ({"additionalProperties": {}, "propertyNames": {}}, {"x": 1}, 3),
        ({"dependentSchemas": {"a": {}}}, {"a": 1}, 2),
        ({"items": {}, "contains": {}}, [1, 2], 5),
        ({"prefixItems": [{}, {}]}, [1], 2),
        ({"items": [{}, {}]}, [1, 2, 3], 3),
        ({"$ref": "#/$defs/a~1b", "$defs": {"a/b": {}}}, 1, 2),
        ({"$ref": "#/allOf/1", "allOf": [True, {}]}, 1, 4),
        ({"$ref": "#/none"}, 1, 1),
    ],
)
def test_each_branch_that_a_check_may_take_is_a_step(schema: object, answer: object, steps: int) -> None:
    assert is_check_within(schema, answer, steps)
    assert not is_check_within(schema, answer, steps - 1)


def test_a_reference_to_itself_has_no_end() -> None:
    assert not is_expansion_within({"items": {"$ref": "#"}}, 10_000)
    assert not is_check_within({"$ref": "#"}, 1, 10_000)


def test_a_plain_schema_is_as_large_as_it_looks() -> None:
    schema = {"properties": {"a": {"type": "string"}}, "anyOf": [{}, {}]}
    assert is_expansion_within(schema, 6)
    assert not is_expansion_within(schema, 5)
