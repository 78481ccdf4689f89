"""Evaluates CloudFormation's intrinsic functions and conditions in one template."""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_VARIABLE = re.compile(r"\$\{([^!][^}]*)\}")
_LITERAL = re.compile(r"\$\{!([^}]*)\}")
_DYNAMIC = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^}]+)\}\}")
NO_VALUE = object()
"""What `Ref: AWS::NoValue` yields: the property that has it is left out."""


class TemplateError(Exception):
    """A template says something that cannot be applied here; the text says where and what to do."""


class Resolver:
    """Resolves values of one template.

    `pseudo` holds AWS::Region and the like, `parameters` the template's parameters by name. `reference` and `attribute`
    answer Ref and Fn::GetAtt of resources; `dynamic(service, reference)` answers `{{resolve:...}}`.
    """

    def __init__(
        self,
        template: Mapping[str, Any],
        *,
        pseudo: Mapping[str, str],
        parameters: Mapping[str, Any],
        reference: Callable[[str], str],
        attribute: Callable[[str, str], Any],
        dynamic: Callable[[str, str], str],
    ) -> None:
        self._mappings = template.get("Mappings", {})
        self._conditions = template.get("Conditions", {})
        self._values = {**parameters, **pseudo}
        self._reference = reference
        self._attribute = attribute
        self._dynamic = dynamic
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::If": self._if,
            "Fn::FindInMap": self._find_in_map,
            "Fn::Base64": lambda value: base64.b64encode(self.resolve(value).encode()).decode(),
            "Fn::GetAZs": lambda _region: [f"{self._values['AWS::Region']}{zone}" for zone in "abc"],
            "Fn::ToJsonString": lambda value: json.dumps(self.resolve(value)),
            "Fn::Equals": self._equals,
            "Fn::Not": lambda value: not self._truth(value[0]),
            "Fn::And": lambda values: all(self._truth(each) for each in values),
            "Fn::Or": lambda values: any(self._truth(each) for each in values),
            "Condition": self.condition,
        }

    def resolve(self, value: Any) -> Any:
        """Return `value` with every function in it evaluated. Raises `TemplateError`."""
        match value:
            case dict():
                name = next(iter(value), "")
                if len(value) == 1 and (name in self._functions or name.startswith("Fn::")):
                    if name not in self._functions:
                        raise TemplateError(
                            f"{name} is not evaluated here: add it to cdk/local/intrinsics.py."
                        )
                    # A property may be called Condition (as in a policy statement); the function takes a name only.
                    if name != "Condition" or isinstance(value[name], str):
                        return self._functions[name](value[name])
                resolved = {key: self.resolve(each) for key, each in value.items()}
                return {key: each for key, each in resolved.items() if each is not NO_VALUE}
            case list():
                return [each for each in map(self.resolve, value) if each is not NO_VALUE]
            case str():
                return _DYNAMIC.sub(lambda found: self._dynamic(found[1], found[2]), value)
            case _:
                return value

    def condition(self, name: str) -> bool:
        """Evaluate one of the template's conditions. Raises `TemplateError`."""
        if name not in self._conditions:
            raise TemplateError(f"The template has no condition {name!r}.")
        return self._truth(self._conditions[name])

    def _truth(self, value: Any) -> bool:
        return bool(self.resolve(value))

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        return self._values[name] if name in self._values else self._reference(name)

    def _get_att(self, value: Any) -> Any:
        name, attribute = value.split(".", 1) if isinstance(value, str) else value
        return self._attribute(name, self.resolve(attribute))

    def _sub(self, value: Any) -> str:
        text, own = (value, {}) if isinstance(value, str) else (value[0], self.resolve(value[1]))

        def replace(found: re.Match[str]) -> str:
            name = found[1].strip()
            if name in own:
                return str(own[name])
            return str(self._get_att(name) if "." in name else self._ref(name))

        return _LITERAL.sub(r"${\1}", _VARIABLE.sub(replace, text))

    def _join(self, value: Any) -> str:
        delimiter, parts = value
        return str(delimiter).join(str(part) for part in self.resolve(parts))

    def _select(self, value: Any) -> Any:
        index, parts = value
        return self.resolve(parts)[int(self.resolve(index))]

    def _split(self, value: Any) -> list[str]:
        delimiter, text = value
        return str(self.resolve(text)).split(delimiter)

    def _if(self, value: Any) -> Any:
        name, then, otherwise = value
        return self.resolve(then if self.condition(name) else otherwise)

    def _find_in_map(self, value: Any) -> Any:
        table, row, column = (self.resolve(each) for each in value[:3])
        try:
            return self._mappings[table][row][column]
        except KeyError:
            raise TemplateError(f"The template's mapping {table} has no {row}.{column}.") from None

    def _equals(self, value: Any) -> bool:
        left, right = (self.resolve(each) for each in value)
        return bool(left == right)


def references(value: Any) -> Iterator[str]:
    """Yield the names that `value` refers to: resources, parameters and pseudo parameters."""
    match value:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": str(name)}:
            yield name.split(".")[0]
        case {"Fn::GetAtt": [name, *_]}:
            yield name
        case {"Fn::Sub": str(text)}:
            yield from _variables(text)
        case {"Fn::Sub": [text, own]}:
            yield from (name for name in _variables(text) if name not in own)
            yield from references(own)
        case dict():
            for each in value.values():
                yield from references(each)
        case list():
            for each in value:
                yield from references(each)


def _variables(text: str) -> Iterator[str]:
    return (found[1].strip().split(".")[0] for found in _VARIABLE.finditer(text))
