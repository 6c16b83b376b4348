//! Number types of files, and their values as `f64`.
//!
//! Every type but the 64-bit integers fits in `f64` exactly; those are rounded to nearest. So an entry's value never
//! decides whether a file loads, and one entry never affects another.

use half::{bf16, f16};

/// Order of the bytes of one element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

/// Type of the elements of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    Bool,
    U8,
    I8,
    U16,
    I16,
    F16,
    Bf16,
    U32,
    I32,
    F32,
    U64,
    I64,
    F64,
}

impl Element {
    /// Bytes of one element.
    pub(super) const fn size(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 | Self::F16 | Self::Bf16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// Whether elements are integers.
    pub(super) const fn is_integer(self) -> bool {
        !matches!(self, Self::Bool | Self::F16 | Self::Bf16 | Self::F32 | Self::F64)
    }

    /// Name as people know it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::U8 => "u8",
            Self::I8 => "i8",
            Self::U16 => "u16",
            Self::I16 => "i16",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::U32 => "u32",
            Self::I32 => "i32",
            Self::F32 => "f32",
            Self::U64 => "u64",
            Self::I64 => "i64",
            Self::F64 => "f64",
        }
    }

    /// Appends the integers of `bytes`, negative ones modulo 2⁶⁴; nothing unless elements [are integers](Self::is_integer).
    pub(super) fn decode_integers(self, order: ByteOrder, bytes: &[u8], out: &mut Vec<u64>) {
        match self {
            Self::U8 => append(order, bytes, out, |[b]| u64::from(b)),
            Self::I8 => append(order, bytes, out, |b| i64::from(i8::from_le_bytes(b)) as u64),
            Self::U16 => append(order, bytes, out, |b| u64::from(u16::from_le_bytes(b))),
            Self::I16 => append(order, bytes, out, |b| i64::from(i16::from_le_bytes(b)) as u64),
            Self::U32 => append(order, bytes, out, |b| u64::from(u32::from_le_bytes(b))),
            Self::I32 => append(order, bytes, out, |b| i64::from(i32::from_le_bytes(b)) as u64),
            Self::U64 => append(order, bytes, out, u64::from_le_bytes),
            Self::I64 => append(order, bytes, out, |b| i64::from_le_bytes(b) as u64),
            Self::Bool | Self::F16 | Self::Bf16 | Self::F32 | Self::F64 => {}
        }
    }

    /// Appends the values of `bytes`, whose length is a multiple of [`Element::size`].
    pub(super) fn decode(self, order: ByteOrder, bytes: &[u8], out: &mut Vec<f64>) {
        match self {
            Self::Bool => append(order, bytes, out, |[b]| f64::from(u8::from(b != 0))),
            Self::U8 => append(order, bytes, out, |[b]| f64::from(b)),
            Self::I8 => append(order, bytes, out, |b| f64::from(i8::from_le_bytes(b))),
            Self::U16 => append(order, bytes, out, |b| f64::from(u16::from_le_bytes(b))),
            Self::I16 => append(order, bytes, out, |b| f64::from(i16::from_le_bytes(b))),
            Self::F16 => append(order, bytes, out, |b| f16::from_le_bytes(b).to_f64()),
            Self::Bf16 => append(order, bytes, out, |b| bf16::from_le_bytes(b).to_f64()),
            Self::U32 => append(order, bytes, out, |b| f64::from(u32::from_le_bytes(b))),
            Self::I32 => append(order, bytes, out, |b| f64::from(i32::from_le_bytes(b))),
            Self::F32 => append(order, bytes, out, |b| f64::from(f32::from_le_bytes(b))),
            Self::U64 => append(order, bytes, out, |b| u64::from_le_bytes(b) as f64),
            Self::I64 => append(order, bytes, out, |b| i64::from_le_bytes(b) as f64),
            Self::F64 => append(order, bytes, out, f64::from_le_bytes),
        }
    }
}

/// Cuts `bytes` into elements of `N` bytes and hands them to `value` in little-endian order.
fn append<const N: usize, T>(order: ByteOrder, bytes: &[u8], out: &mut Vec<T>, value: impl Fn([u8; N]) -> T) {
    let (elements, rest) = bytes.as_chunks::<N>();
    debug_assert!(rest.is_empty(), "pieces are cut between elements");
    match order {
        ByteOrder::Little => out.extend(elements.iter().map(|&element| value(element))),
        ByteOrder::Big => out.extend(elements.iter().map(|&element| value(reversed(element)))),
    }
}

fn reversed<const N: usize>(mut bytes: [u8; N]) -> [u8; N] {
    bytes.reverse();
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn little(element: Element, bytes: &[u8]) -> Vec<f64> {
        let mut out = Vec::new();
        element.decode(ByteOrder::Little, bytes, &mut out);
        out
    }

    /// The definition of a binary float with `exponent` and `fraction` bits, written with exact powers of two.
    fn by_definition(bits: u16, exponent: i32, fraction: i32) -> f64 {
        let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
        let top = (1 << exponent) - 1;
        let e = i32::from(bits >> fraction) & top;
        let f = f64::from(bits & ((1 << fraction) - 1)) / f64::from(1 << fraction);
        let bias = top / 2;
        match e {
            0 => sign * f * 2.0_f64.powi(1 - bias),
            e if e == top => sign * if f == 0.0 { f64::INFINITY } else { f64::NAN },
            e => sign * (1.0 + f) * 2.0_f64.powi(e - bias),
        }
    }

    #[test]
    fn all_65536_half_and_brain_floats_have_the_value_of_their_definition() {
        for bits in 0..=u16::MAX {
            for (element, exponent, fraction) in [(Element::F16, 5, 10), (Element::Bf16, 8, 7)] {
                let found = little(element, &bits.to_le_bytes())[0];
                let expected = by_definition(bits, exponent, fraction);
                // powers of two and their products with short fractions are exact: equality, not a tolerance
                assert!(
                    found == expected || (found.is_nan() && expected.is_nan()),
                    "{element:?} {bits:#06x}"
                );
            }
        }
    }

    #[test]
    fn integers_up_to_32_bits_are_exact_at_their_ends() {
        assert_eq!(little(Element::U8, &[0, 255]), [0.0, 255.0]);
        assert_eq!(little(Element::I8, &[0x80, 0x7f]), [-128.0, 127.0]);
        assert_eq!(little(Element::U16, &[0xff, 0xff, 1, 0]), [65535.0, 1.0]);
        assert_eq!(little(Element::I16, &i16::MIN.to_le_bytes()), [-32768.0]);
        assert_eq!(little(Element::U32, &u32::MAX.to_le_bytes()), [4_294_967_295.0]);
        assert_eq!(little(Element::I32, &i32::MIN.to_le_bytes()), [-2_147_483_648.0]);
        assert_eq!(little(Element::Bool, &[0, 1, 7]), [0.0, 1.0, 1.0]);
    }

    #[test]
    fn integers_of_64_bits_are_rounded_to_the_nearest_even() {
        let two_53 = 1_i64 << 53;
        for (integer, value) in [(two_53 + 1, two_53), (two_53 + 3, two_53 + 4), (-7, -7)] {
            assert_eq!(little(Element::I64, &integer.to_le_bytes()), [value as f64]);
        }
        assert_eq!(little(Element::U64, &u64::MAX.to_le_bytes()), [18_446_744_073_709_551_616.0]);
    }

    #[test]
    fn integers_keep_their_bits_as_identifiers_and_floats_have_none() {
        let ids = |element: Element, bytes: &[u8]| {
            let mut out = Vec::new();
            element.decode_integers(ByteOrder::Little, bytes, &mut out);
            out
        };
        let two_53 = (1_u64 << 53) + 1; // what f64 cannot tell from its neighbour
        assert_eq!(ids(Element::U64, &two_53.to_le_bytes()), [two_53]);
        assert_eq!(ids(Element::I64, &(-1_i64).to_le_bytes()), [u64::MAX]);
        assert_eq!(ids(Element::I8, &[0xff, 1]), [u64::MAX, 1]);
        assert_eq!(ids(Element::I16, &(-2_i16).to_le_bytes()), [u64::MAX - 1]);
        assert_eq!(ids(Element::I32, &i32::MIN.to_le_bytes()), [i64::from(i32::MIN) as u64]);
        assert_eq!(ids(Element::U8, &[200]), [200]);
        assert_eq!(ids(Element::U16, &[1, 1]), [257]);
        assert_eq!(ids(Element::U32, &[0, 0, 0, 1]), [1 << 24]);
        assert!(ids(Element::F64, &1.0_f64.to_le_bytes()).is_empty());
        assert!(Element::U8.is_integer() && !Element::Bool.is_integer() && !Element::F32.is_integer());
    }

    #[test]
    fn big_endian_elements_are_the_little_endian_ones_reversed() {
        let mut out = Vec::new();
        Element::F32.decode(ByteOrder::Big, &[0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0], &mut out);
        assert_eq!(out, [1.0, -2.0]);
    }
}
