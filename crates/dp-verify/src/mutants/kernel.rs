//! Mutants of poly-kernel.

use super::Mutant;
use crate::Evidence::{Exact, Numeric, Search, Statistical};

pub(super) const ALL: &[Mutant] = &[
    Mutant::new(
        "kernel.exp_taylor.better_degree",
        "the polynomial is certified as if it had one degree more",
        &[("kernel.exp_taylor.relative_error", Numeric)],
    ),
    Mutant::new(
        "kernel.exp_taylor.half_range",
        "the lower bound looks at half of the range",
        &[("kernel.exp_taylor.positivity", Search)],
    ),
    Mutant::new(
        "kernel.polynomial.inner_range",
        "the certificate leaves out a tenth of the range at each end",
        &[("kernel.polynomial.certificate", Search)],
    ),
    Mutant::new(
        "kernel.polynomial.lower_degree",
        "the certificate is of the polynomial without its last coefficient",
        &[("kernel.polynomial.certificate", Numeric)],
    ),
    Mutant::new(
        "kernel.polynomial.best_absolute",
        "the polynomial is that of least absolute error",
        &[("kernel.polynomial.best", Numeric)],
    ),
    Mutant::new(
        "kernel.polynomial.absolute_degree",
        "the degree is that for an absolute error",
        &[("kernel.polynomial.best", Exact)],
    ),
    Mutant::new(
        "kernel.polynomial.expansion_about_mean",
        "the polynomial is the expansion about the mean logit",
        &[("kernel.polynomial.least_squares_normal", Numeric)],
    ),
    Mutant::new(
        "kernel.polynomial.cap_forgotten",
        "the certificate forgets the soft cap",
        &[("kernel.polynomial.softcap", Search)],
    ),
    Mutant::new(
        "kernel.output_error.one_side",
        "the bound for factors on one side is taken for factors on both",
        &[("kernel.output_error", Search)],
    ),
    Mutant::new(
        "kernel.monomial.counted_once",
        "each monomial counts once, as if x₁x₂ and x₂x₁ were one term of the product",
        &[("kernel.monomial.identity", Search)],
    ),
    Mutant::new(
        "kernel.random.shorter_points",
        "the error stated is that of points that are shorter by a tenth",
        &[("kernel.random.unbiased", Statistical)],
    ),
    Mutant::new(
        "kernel.random.mean_norm",
        "the root of the mean square norm (of trigonometric features, whose norms are equal, a thousandth less) is taken for the largest norm",
        &[("kernel.random.norm", Search)],
    ),
    Mutant::new(
        "kernel.random.less_variance",
        "four fifths of the bounds on the variance of random maps is stated",
        &[("kernel.random.polynomial", Statistical)],
    ),
    Mutant::new(
        "kernel.random.sketch_less_variance",
        "four fifths of the variance of a sketch tree is stated",
        &[("kernel.random.sketch_tree", Statistical)],
    ),
    Mutant::new(
        "kernel.random.low_degree",
        "the degree is two, at which sketch trees are no better than tensor sketches",
        &[("kernel.random.high_degree", Statistical)],
    ),
    Mutant::new(
        "kernel.nystrom.nine_tenths",
        "nine tenths of the bound by residuals is stated",
        &[("kernel.nystrom.residual", Search)],
    ),
    Mutant::new(
        "kernel.fixed_point.rounded_down",
        "features are rounded down, not to nearest",
        &[("kernel.fixed_point.rounding", Search)],
    ),
    Mutant::new(
        "kernel.fixed_point.no_rule_for_long",
        "points that are too long are cast to integers and counted",
        &[("kernel.fixed_point.norm_bound", Search)],
    ),
    Mutant::new(
        "kernel.linear_attention.mask_off_by_one",
        "causal queries are compared with one key more, others with one key less",
        &[("kernel.linear_attention.product", Search)],
    ),
    Mutant::new(
        "kernel.linear_attention.coefficient_off",
        "the highest coefficient of the kernel is off by 2⁻⁴⁰ relatively",
        &[("kernel.linear_attention.product", Search)],
    ),
    Mutant::new(
        "kernel.linear_attention.one_side",
        "the error of one side is stated for both",
        &[("kernel.linear_attention.error", Search)],
    ),
    Mutant::new(
        "kernel.linear_attention.constant_normaliser",
        "the gradient takes the normaliser for a constant",
        &[("kernel.linear_attention.gradient", Search)],
    ),
    Mutant::new(
        "kernel.linear_attention.wrong_sign",
        "the gradient of keys has the wrong sign",
        &[("kernel.linear_attention.gradient", Numeric)],
    ),
    Mutant::new(
        "kernel.linear_attention.mass_off",
        "the mass of the second part is off by a factor of e",
        &[("kernel.linear_attention.merge", Search)],
    ),
    Mutant::new(
        "kernel.workload.larger_logits",
        "logits are twice as large as was said",
        &[("kernel.workload", Search)],
    ),
    Mutant::new(
        "kernel.workload.wider_logits",
        "logits deviate by twice as much as was said",
        &[("kernel.workload", Numeric)],
    ),
    Mutant::new(
        "kernel.workload.sixth_of_the_error",
        "a sixth of the error is stated",
        &[("kernel.workload", Statistical)],
    ),
    Mutant::new(
        "kernel.moments.rounded_late",
        "sums are rounded instead of features",
        &[("kernel.moments.fused", Exact)],
    ),
    Mutant::new(
        "kernel.moments.two_rules_for_ties",
        "ties are rounded by one rule in whole vectors and by another in the rest",
        &[("kernel.moments.row_locality", Exact)],
    ),
];
