//! Powers of two and their logarithms, exact.

/// Covers the roundings of the few operations before it, with room to spare.
pub(super) const OUTWARD: f64 = 1.0 + 1e-12;

/// `2ᵏ`; zero or infinity beyond the range of normal `f64`.
pub(super) const fn power_of_two(k: i32) -> f64 {
    match k {
        ..-1022 => 0.0,
        -1022..=1023 => f64::from_bits(((k + 1023) as u64) << 52),
        _ => f64::INFINITY,
    }
}

/// `⌈log₂ x⌉` of a positive normal number.
pub(super) const fn ceil_log2(x: f64) -> i32 {
    let bits = x.to_bits();
    (bits >> 52) as i32 - 1023 + (bits << 12 != 0) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_two_saturate_and_logarithms_round_up() {
        assert_eq!([power_of_two(-1023), power_of_two(0), power_of_two(1024)], [0.0, 1.0, f64::INFINITY]);
        assert_eq!([0.25, 0.26, 1.0, 3.0].map(ceil_log2), [-2, -1, 0, 2]);
    }
}
