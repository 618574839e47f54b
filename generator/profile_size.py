"""Sizes as people write them: 20G, 512M. Units are powers of 1024."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic_core import core_schema

from generator.profile_values import refuse, show

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

UNITS = {"T": 1024**4, "G": 1024**3, "M": 1024**2, "K": 1024}
PATTERN = r"[0-9]{1,9}(\.[0-9]{1,10})?[KMGT]"
_NEARLY = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,10})?)\s*([kmgtKMGT]?)(?:i?[bB])?")
_MEND = "Write a number and a unit: 512M, 4G or 1.5T"


class Size(int):
    """A number of bytes. `str()` gives the shortest exact form with a unit, such as "20G"."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Size:
        """Reads "20G", "1.5T", "512M" or "64K".

        Raises ValueError, with what is wrong and the mend, for any other text and for a fraction of a byte.
        """
        if not re.fullmatch(PATTERN, text):
            raise ValueError(f"is not a size. {_mend(text)}")
        amount = Decimal(text[:-1]) * UNITS[text[-1]]
        if amount != int(amount):
            raise ValueError("is not a whole number of bytes. Write a number without so long a fraction, such as 512M")
        return cls(amount)

    def __str__(self) -> str:
        for unit, factor in UNITS.items():
            if self and int(self) % factor == 0:
                return f"{int(self) // factor}{unit}"
        return f"{(Decimal(int(self)) / 1024).normalize():f}K"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._validate, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "pattern": f"^{PATTERN}$", "examples": ["512M", "4G", "1.5T"]}

    @classmethod
    def _validate(cls, value: object) -> Size:
        if isinstance(value, Size):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            refuse(f"{value} has no unit", f"Write {value}G, {value}M or {value}K, whichever is meant")
        if not isinstance(value, str):
            refuse("is not a size", _MEND)
        return cls._from_text(value)

    @classmethod
    def _from_text(cls, text: str) -> Size:
        try:
            size = cls.parse(text)
        except ValueError as error:
            what, _, mend = str(error).partition(". ")
            refuse(f"{show(text)} {what}", mend)
        return size


def _mend(text: str) -> str:
    nearly = _NEARLY.fullmatch(text.strip())
    if nearly and nearly[2]:
        return f"Write {nearly[1]}{nearly[2].upper()}"
    if nearly:
        return f"Write {nearly[1]}G, {nearly[1]}M or {nearly[1]}K, whichever is meant"
    return _MEND
