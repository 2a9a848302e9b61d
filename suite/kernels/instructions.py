"""LLVM's instructions for the operations of `blocks`, and where a block's columns lie.

A `builder` is llvmlite's, and `context`, `signature` and `arguments` are what numba gives to the
function that generates an intrinsic. A block is a value of the type `blocks.Block`.
"""

# mypy: disable-error-code="import-untyped"

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llvmlite import ir

from suite.kernels.dropout import MULTIPLIERS

if TYPE_CHECKING:
    from suite.kernels.blocks import Block


def mixed(builder: Any, word: Any, high: Any) -> Any:
    """Return mixed 32-bit words; see `dropout.Dropout`."""
    word = builder.xor(word, builder.lshr(word, constant_of(word.type, 16)))
    word = builder.mul(word, constant_of(word.type, MULTIPLIERS[0]))
    word = builder.add(word, high)
    word = builder.xor(word, builder.lshr(word, constant_of(word.type, 15)))
    word = builder.mul(word, constant_of(word.type, MULTIPLIERS[1]))
    return builder.xor(word, builder.lshr(word, constant_of(word.type, 16)))


def constant_of(vector: Any, value: int) -> Any:
    """Return a vector of a type that holds a number in every lane."""
    return ir.Constant(vector, [value] * vector.count)


def negative_zero(vector: Any) -> Any:
    """Return a vector of a type that holds -0.0 in every lane."""
    return ir.Constant(vector, [-0.0] * vector.count)


def splat(builder: Any, value: Any, lanes: int) -> Any:
    """Return a vector that holds a value in every lane."""
    undefined = ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined)
    one = builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
    return builder.shuffle_vector(one, undefined, zeros)


def vectors_of(builder: Any, block: Block, value: Any) -> list[Any]:
    """Return the vectors of a block's value."""
    return [builder.extract_value(value, index) for index in range(block.count)]


def assemble(context: Any, builder: Any, block: Block, vectors: list[Any]) -> Any:
    """Return the value of a block of these vectors."""
    value = ir.Constant(context.get_value_type(block), ir.Undefined)
    for index, vector in enumerate(vectors):
        value = builder.insert_value(value, vector, index)
    return value


def address_of(
    context: Any, builder: Any, signature: Any, arguments: Any, at: int, row: Any, column: Any
) -> Any:
    """Return the address of a row's column, the array being argument `at`."""
    array = context.make_array(signature.args[at])(context, builder, arguments[at])
    width = builder.extract_value(array.shape, 1)
    offset = builder.add(builder.mul(row, width), column)
    return builder.gep(array.data, [offset])


def addresses_of(
    context: Any, builder: Any, signature: Any, arguments: Any, block: Block, at: int
) -> list[Any]:
    """Return the addresses of a block's vectors; array, row, first and last are arguments `at`-."""
    row, first, last = arguments[at + 1 : at + 4]
    pointer = ir.PointerType(context.get_value_type(block).element)
    start = address_of(context, builder, signature, arguments, at, row, first)
    addresses = [
        builder.gep(start, [ir.Constant(ir.IntType(64), index * block.lanes)])
        for index in range(block.count - 1)
    ]
    addresses.append(address_of(context, builder, signature, arguments, at, row, last))
    return [builder.bitcast(address, pointer) for address in addresses]


def loaded(
    context: Any, builder: Any, signature: Any, arguments: Any, block: Block, at: int
) -> list[Any]:
    """Return the vectors that lie at the addresses of a block."""
    addresses = addresses_of(context, builder, signature, arguments, block, at)
    return [builder.load(address, align=4) for address in addresses]


def fused(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """Return a * b + c, in one rounding where the processor can."""
    return builder.fadd(builder.fmul(a, b, flags=("contract",)), c, flags=("contract",))


def scaled_and_added(
    context: Any, builder: Any, block: Block, arguments: Any, vectors: list[Any]
) -> Any:
    """Return the block that is the first argument plus vectors times the second."""
    own = vectors_of(builder, block, arguments[0])
    factor = splat(builder, arguments[1], block.lanes)
    sums = [fused(builder, vector, factor, sum_) for vector, sum_ in zip(vectors, own, strict=True)]
    return assemble(context, builder, block, sums)


def accumulate(builder: Any, sums: list[Any], a: Any, b: Any) -> None:
    """Add a * b to the older of two running sums: they halve the wait for each addition."""
    if len(sums) < 2:
        sums.append(builder.fmul(a, b))
    else:
        sums.append(fused(builder, a, b, sums.pop(0)))


def summed(builder: Any, sums: list[Any]) -> Any:
    """Return the sum of one or two vectors."""
    total = builder.fadd(*sums) if len(sums) == 2 else sums[0]
    lanes = total.type.count
    while lanes > 1:
        lanes //= 2
        halves = [
            ir.Constant(ir.VectorType(ir.IntType(32), lanes), list(range(start, start + lanes)))
            for start in (0, lanes)
        ]
        total = builder.fadd(*[builder.shuffle_vector(total, total, half) for half in halves])
    return builder.extract_element(total, ir.Constant(ir.IntType(32), 0))
