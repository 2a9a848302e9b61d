"""Blocks: the columns of one row of an array, held in vector registers.

A connection costs one multiply-add over the batch. What decides the speed is that the sums stay in
registers while the connections of a unit pass by, which loops over arrays do not give. So numba
learns one type more, `Block`, and a few operations on it. A block has `count` vectors of `lanes`
columns each, from column `first` on; its last vector may overlap the one before it, so that any
batch of at least `lanes` columns divides into whole vectors.

Every operation has a fixed order of summation, and neither checks bounds nor wraps around.
"""

# What an intrinsic takes and gives is said by the signature that it returns.
# mypy: disable-error-code="no-untyped-def, import-untyped"
# ruff: noqa: ARG001, D417

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, register_model

from suite.kernels.instructions import (
    accumulate,
    address_of,
    addresses_of,
    assemble,
    constant_of,
    fused,
    loaded,
    mixed,
    negative_zero,
    scaled_and_added,
    splat,
    summed,
    vectors_of,
)

LANES = 8
"""Floats of a vector: 8 fill a 256-bit register; the compiler splits them where there is none."""

CACHE_LINE = 16
"""Floats of a cache line."""


class Block(types.Type):
    """The type of a block of `count` vectors of `lanes` columns."""

    def __init__(self, dtype: types.Float, count: int, lanes: int) -> None:
        self.dtype, self.count, self.lanes = dtype, count, lanes
        super().__init__(name=f"Block({dtype}, {count}, {lanes})")


@register_model(Block)
class _BlockModel(models.PrimitiveModel):
    def __init__(self, manager: Any, block: Block) -> None:
        element = ir.FloatType() if block.dtype == types.float32 else ir.DoubleType()
        super().__init__(
            manager, block, ir.ArrayType(ir.VectorType(element, block.lanes), block.count)
        )


@intrinsic(prefer_literal=True)
def filled(context, value, count, lanes):
    """Return a block of `count` vectors of `lanes` columns (literals) that all hold `value`."""
    block = Block(value, count.literal_value, lanes.literal_value)

    def generate(context, builder, signature, arguments):
        filled = splat(builder, arguments[0], block.lanes)
        return assemble(context, builder, block, [filled] * block.count)

    return block(value, count, lanes), generate


@intrinsic
def load(context, like, array, row, first, last):
    """Return columns of a row as a block shaped like `like`.

    Args:
        like: A block.
        array: 2-d, C-contiguous.
        row: Which row.
        first: Column of the block's first vector; all but the last follow one another.
        last: Column of the block's last vector.
    """

    def generate(context, builder, signature, arguments):
        vectors = loaded(context, builder, signature, arguments, like, 1)
        return assemble(context, builder, like, vectors)

    return like(like, array, types.intp, types.intp, types.intp), generate


@intrinsic
def fresh(context, block, repeated):
    """Return the block with the first `repeated` lanes of its last vector set to zero."""

    def generate(context, builder, signature, arguments):
        vectors = vectors_of(builder, block, arguments[0])
        lanes = ir.Constant(ir.VectorType(ir.IntType(64), block.lanes), list(range(block.lanes)))
        kept = builder.icmp_signed(">=", lanes, splat(builder, arguments[1], block.lanes))
        vectors[-1] = builder.select(kept, vectors[-1], ir.Constant(vectors[-1].type, None))
        return assemble(context, builder, block, vectors)

    return block(block, types.intp), generate


@intrinsic
def store(context, block, array, row, first, last):
    """Write a block to columns of a row; see `load`."""

    def generate(context, builder, signature, arguments):
        addresses = addresses_of(context, builder, signature, arguments, block, 1)
        for index, address in enumerate(addresses):
            builder.store(builder.extract_value(arguments[0], index), address).align = 4
        return context.get_dummy_value()

    return types.void(block, array, types.intp, types.intp, types.intp), generate


@intrinsic
def add(context, block, value):
    """Return the block plus a number."""

    def generate(context, builder, signature, arguments):
        value = splat(builder, arguments[1], block.lanes)
        own = vectors_of(builder, block, arguments[0])
        return assemble(context, builder, block, [builder.fadd(v, value) for v in own])

    return block(block, block.dtype), generate


@intrinsic
def minus(context, block, other):
    """Return the block minus another."""

    def generate(context, builder, signature, arguments):
        pairs = zip(*(vectors_of(builder, block, value) for value in arguments), strict=True)
        return assemble(context, builder, block, [builder.fsub(a, b) for a, b in pairs])

    return block(block, other), generate


@intrinsic
def plus(context, block, other, factor):
    """Return the block plus `factor` times another."""

    def generate(context, builder, signature, arguments):
        vectors = vectors_of(builder, other, arguments[1])
        factor_last = (arguments[0], arguments[2])
        return scaled_and_added(context, builder, block, factor_last, vectors)

    return block(block, other, block.dtype), generate


@intrinsic
def transpose(context, like, array, row, column, out, first):
    """Write a square of an array, transposed: `out`'s rows from `column` on, columns from `first`.

    Args:
        like: A block of as many vectors as lanes.
        array: 2-d, see `load`.
        row: First row of the square, whose columns go to `out`'s `first` + `row` and following.
        column: Its first column.
        out: 2-d, C-contiguous.
        first: Where the array's row 0 goes.
    """

    def generate(context, builder, signature, arguments):
        lanes = like.lanes
        pointer = ir.PointerType(context.get_value_type(like).element)

        def places(at: int, row: Any, column: Any) -> Iterator[Any]:
            for offset in range(lanes):
                down = builder.add(row, ir.Constant(row.type, offset))
                start = address_of(context, builder, signature, arguments, at, down, column)
                yield builder.bitcast(start, pointer)

        _, _, row, column, _, first = arguments
        vectors = [builder.load(place, align=4) for place in places(1, row, column)]
        order = [position for lane in range(lanes) for position in (lane, lanes + lane)]
        halves = [
            ir.Constant(ir.VectorType(ir.IntType(32), lanes), half)
            for half in (order[:lanes], order[lanes:])
        ]
        # Interleaving the first half of the vectors with the second puts one bit of a vector's
        # number behind its lane's.
        for _ in range(lanes.bit_length() - 1):
            pairs = zip(vectors[: lanes // 2], vectors[lanes // 2 :], strict=True)
            vectors = [builder.shuffle_vector(*pair, half) for pair in pairs for half in halves]
        for vector, place in zip(vectors, places(4, column, builder.add(first, row)), strict=True):
            builder.store(vector, place).align = 4
        return context.get_dummy_value()

    whole = types.intp
    return types.void(like, array, whole, whole, out, whole), generate


@intrinsic
def add_scaled(context, block, factor, array, row, first, last):
    """Return the block plus `factor` times columns of a row; see `load`."""

    def generate(context, builder, signature, arguments):
        vectors = loaded(context, builder, signature, arguments, block, 2)
        return scaled_and_added(context, builder, block, arguments, vectors)

    return block(block, block.dtype, array, types.intp, types.intp, types.intp), generate


@intrinsic
def dot(context, block, array, row, first, last):
    """Return the sum over the block of its products with columns of a row; see `load`."""

    def generate(context, builder, signature, arguments):
        products: list[Any] = []
        vectors = loaded(context, builder, signature, arguments, block, 1)
        for own, vector in zip(vectors_of(builder, block, arguments[0]), vectors, strict=True):
            accumulate(builder, products, own, vector)
        return summed(builder, products)

    return block.dtype(block, array, types.intp, types.intp, types.intp), generate


@intrinsic
def add_scaled_and_dot(context, block, factor, array, row, first, last, other):
    """Return what `add_scaled` does and the product of the columns with the block `other`.

    Args:
        block: A block.
        factor: A number.
        array: 2-d, see `load`.
        row: See `load`.
        first: See `load`.
        last: See `load`.
        other: A block shaped like `block`.
    """
    result = types.Tuple((block, block.dtype))

    def generate(context, builder, signature, arguments):
        factor = splat(builder, arguments[1], block.lanes)
        totals: list[Any] = []
        products: list[Any] = []
        # Vector by vector: so each is in a register only as long as both uses of it take.
        for index, address in enumerate(
            addresses_of(context, builder, signature, arguments, block, 2)
        ):
            vector = builder.load(address, align=4)
            total = builder.extract_value(arguments[0], index)
            totals.append(fused(builder, vector, factor, total))
            own = builder.extract_value(arguments[6], index)
            accumulate(builder, products, own, vector)
        totals = assemble(context, builder, block, totals)
        return context.make_tuple(builder, result, (totals, summed(builder, products)))

    signature = result(block, block.dtype, array, types.intp, types.intp, types.intp, other)
    return signature, generate


@intrinsic
def total(context, block):
    """Return the sum over the block."""

    def generate(context, builder, signature, arguments):
        vectors = vectors_of(builder, block, arguments[0])
        return summed(builder, [functools.reduce(builder.fadd, vectors)])

    return block.dtype(block), generate


@intrinsic
def leaky(context, block, sign, slope):
    """Return the block, multiplied with `slope` where the block `sign` is not positive."""

    def generate(context, builder, signature, arguments):
        slope = splat(builder, arguments[2], block.lanes)
        signs = vectors_of(builder, block, arguments[1])
        vectors = [
            builder.select(
                builder.fcmp_ordered(">", sign, ir.Constant(sign.type, None)),
                vector,
                builder.fmul(vector, slope),
            )
            for vector, sign in zip(vectors_of(builder, block, arguments[0]), signs, strict=True)
        ]
        return assemble(context, builder, block, vectors)

    return block(block, block, block.dtype), generate


@intrinsic
def drop(context, block, scale, first, last, high, threshold):
    """Return the block after dropout, see `dropout.Dropout`: -0.0 is what was dropped, only that.

    Args:
        block: A block.
        scale: What is kept is multiplied with it.
        first: Counter of the block's first lane, uint32.
        last: Counter of the last vector's first lane, uint32.
        high: Added between the two rounds of mixing, uint32.
        threshold: What is mixed to less than this is dropped, uint32.
    """

    def generate(context, builder, signature, arguments):
        scale, first, last, high, threshold = (
            splat(builder, value, block.lanes) for value in arguments[1:]
        )
        vectors = []
        for index, vector in enumerate(vectors_of(builder, block, arguments[0])):
            counter = last
            if index < block.count - 1:
                counter = builder.add(first, constant_of(first.type, index * block.lanes))
            lanes = ir.Constant(first.type, list(range(block.lanes)))
            word = mixed(builder, builder.add(counter, lanes), high)
            kept = builder.icmp_unsigned(">=", word, threshold)
            zero = ir.Constant(vector.type, None)  # added to -0.0, it gives 0.0
            scaled = builder.fadd(builder.fmul(vector, scale), zero)
            vectors.append(builder.select(kept, scaled, negative_zero(vector.type)))
        return assemble(context, builder, block, vectors)

    word = types.uint32
    return block(block, block.dtype, word, word, word, word), generate


@intrinsic
def drop_again(context, block, dropped, scale):
    """Return the block, set to zero where `drop` dropped from the block `dropped`, else scaled."""

    def generate(context, builder, signature, arguments):
        scale = splat(builder, arguments[2], block.lanes)
        vectors = []
        for index, vector in enumerate(vectors_of(builder, block, arguments[0])):
            bits = ir.VectorType(
                ir.IntType(32 if block.dtype == types.float32 else 64), block.lanes
            )
            before = builder.bitcast(builder.extract_value(arguments[1], index), bits)
            mark = builder.bitcast(negative_zero(vector.type), bits)
            kept = builder.icmp_unsigned("!=", before, mark)
            zero = ir.Constant(vector.type, None)
            vectors.append(builder.select(kept, builder.fmul(vector, scale), zero))
        return assemble(context, builder, block, vectors)

    return block(block, block, block.dtype), generate


@intrinsic
def prefetch(context, block, array, row, first):
    """Ask for the cache lines of a block's columns of a row, which may lie beyond the array."""

    def generate(context, builder, signature, arguments):
        start = address_of(context, builder, signature, arguments, 1, arguments[2], arguments[3])
        integer, byte = ir.IntType(32), ir.PointerType(ir.IntType(8))
        function = builder.module.declare_intrinsic(
            "llvm.prefetch",
            [byte],
            ir.FunctionType(ir.VoidType(), [byte, integer, integer, integer]),
        )
        for offset in range(0, block.count * block.lanes, CACHE_LINE):
            address = builder.gep(start, [ir.Constant(ir.IntType(64), offset)])
            read_often = [ir.Constant(integer, value) for value in (0, 3, 1)]
            builder.call(function, [builder.bitcast(address, byte), *read_often])
        return context.get_dummy_value()

    return types.void(block, array, types.intp, types.intp), generate
