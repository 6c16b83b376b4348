//! Mutants of dp-mechanisms.

use super::KnownBug::{
    BudgetPerCoordinate, CompositionForgets, DeltaIgnored, EqualityNotCharged, FailureDependsOnData,
    NoiseHalved, OptimisticRounding, Overflow, ReplaceChargedAsAddRemove, ScaleAsVariance,
    SensitivityTooSmall,
};
use super::Mutant;
use crate::Evidence::{Audit, Exact, Numeric, Search, Statistical};

pub(super) const ALL: &[Mutant] = &[
    Mutant::new(
        "mechanisms.gaussian.nearest",
        "both ends of δ(ε) are rounded to nearest",
        &[("mechanisms.gaussian.profile", Numeric)],
    )
    .reproduces(OptimisticRounding),
    Mutant::new(
        "mechanisms.gaussian.one_float_less",
        "the noise is one float below the least that will do",
        &[("mechanisms.gaussian.calibration", Numeric)],
    )
    .reproduces(OptimisticRounding),
    Mutant::new(
        "mechanisms.normal.one_float_less",
        "the quantile is one float below",
        &[("mechanisms.normal.quantile", Numeric)],
    )
    .reproduces(OptimisticRounding),
    Mutant::new(
        "mechanisms.conversions.half_rho",
        "the zero-concentrated view of a Gaussian is half of what it should be",
        &[("mechanisms.conversions.sound", Numeric)],
    ),
    Mutant::new(
        "mechanisms.rounded_gaussian.half_error_bounds",
        "error bounds in the table are half as large",
        &[("mechanisms.rounded_gaussian.table", Exact)],
    ),
    Mutant::new(
        "mechanisms.rounded_gaussian.std_as_variance",
        "the standard deviation is taken for a variance",
        &[("mechanisms.rounded_gaussian.law", Statistical)],
    )
    .reproduces(ScaleAsVariance),
    Mutant::new(
        "mechanisms.rounded_gaussian.without_margin",
        "the fast path takes the polynomial without its error bound",
        &[("mechanisms.rounded_gaussian.law", Search)],
    ),
    Mutant::new(
        "mechanisms.rounded_gaussian.redrawn",
        "a word that leaves a draw undecided is drawn again",
        &[("mechanisms.rounded_gaussian.refinement", Exact)],
    ),
    Mutant::new(
        "mechanisms.rounded_gaussian.redrawn_at_zero",
        "a word that leaves a draw undecided is drawn again where the statistic is zero",
        &[("mechanisms.rounded_gaussian.refinement", Exact)],
    ),
    Mutant::new(
        "mechanisms.rounded_gaussian.half_the_noise",
        "adds half the noise",
        &[("mechanisms.rounded_gaussian.privacy", Numeric), ("mechanisms.rounded_gaussian.privacy", Audit)],
    )
    .reproduces(NoiseHalved),
    Mutant::new(
        "mechanisms.rounded_gaussian.mu_to_nearest",
        "μ on certificates is rounded to nearest",
        &[("mechanisms.rounded_gaussian.privacy", Numeric)],
    )
    .reproduces(OptimisticRounding),
    Mutant::new(
        "mechanisms.lattice.float_sum",
        "integers and noise are added as floats, which round and saturate",
        &[("mechanisms.lattice.release", Exact)],
    )
    .reproduces(Overflow),
    Mutant::new(
        "mechanisms.lattice.float_sensitivities",
        "sensitivities are compared as floats",
        &[("mechanisms.lattice.release", Exact)],
    )
    .reproduces(OptimisticRounding),
    Mutant::new(
        "mechanisms.lattice.radii_ignored",
        "a statistic for neighbours at one radius is released by a mechanism for those at another",
        &[("mechanisms.lattice.release", Exact)],
    ),
    Mutant::new(
        "mechanisms.lattice.bounds_ignored",
        "entries that may leave the integers are let in",
        &[("mechanisms.lattice.release", Exact)],
    )
    .reproduces(Overflow),
    Mutant::new(
        "mechanisms.continual.tree.forgotten_level",
        "a level of the tree is forgotten",
        &[
            ("mechanisms.continual.tree.sensitivity", Exact),
            ("mechanisms.continual.tree.privacy", Exact),
            ("mechanisms.continual.tree.privacy", Audit),
            ("mechanisms.continual.tree.error", Statistical),
        ],
    )
    .reproduces(CompositionForgets),
    Mutant::new(
        "mechanisms.continual.tree.longer_nodes",
        "each node is taken for one of twice the length",
        &[("mechanisms.continual.tree.error", Numeric)],
    ),
    Mutant::new(
        "mechanisms.continual.square_root.last_forgotten",
        "the last coefficient of a column is forgotten",
        &[
            ("mechanisms.continual.square_root.sensitivity", Exact),
            ("mechanisms.continual.square_root.privacy", Exact),
        ],
    )
    .reproduces(SensitivityTooSmall),
    Mutant::new(
        "mechanisms.continual.square_root.first_forgotten",
        "the first coefficient of a column is forgotten",
        &[
            ("mechanisms.continual.square_root.privacy", Audit),
            ("mechanisms.continual.square_root.error", Statistical),
        ],
    ),
    Mutant::new(
        "mechanisms.continual.square_root.unrounded",
        "the variances stated are those of coefficients that are not rounded",
        &[("mechanisms.continual.square_root.error", Numeric)],
    ),
    Mutant::new(
        "mechanisms.continual.square_root.coarse",
        "coefficients have about half of the fractional bits that are needed",
        &[("mechanisms.continual.square_root.error", Exact)],
    ),
    Mutant::new(
        "mechanisms.continual.square_root_optimal",
        "the error of the square root is taken for the least of all factorisations",
        &[("mechanisms.continual.lower_bound", Numeric)],
    ),
    Mutant::new(
        "mechanisms.chi_square.nearest",
        "both ends of the tails are rounded to nearest",
        &[("mechanisms.chi_square.tails", Numeric)],
    )
    .reproduces(OptimisticRounding),
    Mutant::new(
        "mechanisms.covariance.orders_exchanged",
        "the two orders of the neighbours are taken for each other",
        &[("mechanisms.covariance.one_eigenvalue", Numeric)],
    ),
    Mutant::new(
        "mechanisms.covariance.one_float_more",
        "the largest change is one float above what will do",
        &[("mechanisms.covariance.calibration", Numeric)],
    )
    .reproduces(OptimisticRounding),
    Mutant::new(
        "mechanisms.covariance.smallest_left_out",
        "the smallest changed eigenvalue is left out",
        &[("mechanisms.covariance.several_eigenvalues", Numeric)],
    ),
    Mutant::new(
        "mechanisms.covariance.sign_ignored",
        "only the magnitude of a change is taken to matter, and the larger one is a decrease",
        &[("mechanisms.covariance.dominance", Search)],
    ),
    Mutant::new(
        "mechanisms.covariance.release_forgotten",
        "composition forgets one release",
        &[("mechanisms.covariance.composition", Numeric)],
    )
    .reproduces(CompositionForgets),
    Mutant::new(
        "mechanisms.covariance.largest_for_frobenius",
        "the largest change of an eigenvalue is taken for the Frobenius norm",
        &[("mechanisms.covariance.neighbourhood", Search)],
    ),
    Mutant::new(
        "mechanisms.covariance.bound_for_both_orders",
        "the bound for a change in both orders is used where it holds in one",
        &[("mechanisms.covariance.orientation", Numeric)],
    ),
    Mutant::new(
        "mechanisms.covariance.row_on_the_wrong_side",
        "the ridge is given to the matrix without the row",
        &[("mechanisms.covariance.sketches", Numeric)],
    ),
    Mutant::new(
        "mechanisms.gaussian_sampling.delta_ignored",
        "the published condition forgets δ",
        &[("mechanisms.gaussian_sampling.published", Numeric)],
    )
    .reproduces(DeltaIgnored),
    Mutant::new(
        "mechanisms.gaussian_sampling.classical_conversion",
        "moments are bounded and converted as one used to",
        &[("mechanisms.gaussian_sampling.advantage", Numeric)],
    ),
    Mutant::new(
        "mechanisms.gaussian_sampling.twice_the_draws",
        "draws twice as often as the certificate says",
        &[("mechanisms.gaussian_sampling.privacy", Numeric), ("mechanisms.gaussian_sampling.privacy", Audit)],
    ),
    Mutant::new(
        "mechanisms.gaussian_sampling.root_for_eigenvalue",
        "eigenvalues are taken for their roots",
        &[("mechanisms.gaussian_sampling.privacy", Audit)],
    )
    .reproduces(ScaleAsVariance),
    Mutant::new(
        "mechanisms.gaussian_sampling.missing_draw",
        "one draw is missing",
        &[("mechanisms.gaussian_sampling.law", Statistical)],
    ),
    Mutant::new(
        "mechanisms.gaussian_sampling.leading_order",
        "leading orders of errors are taken for bounds",
        &[("mechanisms.gaussian_sampling.utility", Statistical)],
    ),
    Mutant::new(
        "mechanisms.gaussian_sampling.cholesky_fails",
        "the error of a Cholesky factorisation of the data is passed on",
        &[("mechanisms.gaussian_sampling.failure", Search)],
    )
    .reproduces(FailureDependsOnData),
    Mutant::new(
        "mechanisms.accounting.last_forgotten",
        "composition forgets the last mechanism",
        &[("mechanisms.accounting.gaussian", Numeric)],
    )
    .reproduces(CompositionForgets),
    Mutant::new(
        "mechanisms.accounting.other_software",
        "answers at small δ are those that other software gave",
        &[("mechanisms.accounting.small_delta", Numeric)],
    ),
    Mutant::new(
        "mechanisms.accounting.response_forgotten",
        "composition of randomised responses forgets one",
        &[("mechanisms.accounting.response", Numeric)],
    )
    .reproduces(CompositionForgets),
    Mutant::new(
        "mechanisms.accounting.one_order_one_less",
        "δ is that of one order of the neighbours and of one mechanism less",
        &[("mechanisms.accounting.convolution", Numeric)],
    ),
    Mutant::new(
        "mechanisms.accounting.twice_delta",
        "accountants are asked at twice the δ",
        &[("mechanisms.accounting.accountants", Numeric)],
    ),
    Mutant::new(
        "mechanisms.accounting.group_delta_added",
        "the δ of a group is added up without the factor e^ε",
        &[("mechanisms.accounting.groups", Exact)],
    ),
    Mutant::new(
        "mechanisms.accounting.less_noise",
        "the least noise is a thousandth too small",
        &[("mechanisms.accounting.target", Numeric)],
    ),
    Mutant::new(
        "mechanisms.accounting.rate_squared",
        "the sampling rate is squared, as if both neighbours had sampled",
        &[("mechanisms.accounting.sampling", Numeric)],
    ),
    Mutant::new(
        "mechanisms.accounting.fixed_size_as_add_remove",
        "a sample of fixed size is charged for a row that is added, where it replaces one",
        &[("mechanisms.accounting.sampling", Search), ("mechanisms.accounting.sampling", Audit)],
    )
    .reproduces(ReplaceChargedAsAddRemove),
    Mutant::new(
        "mechanisms.accounting.filter_late",
        "the filter spends after a mechanism ran",
        &[("mechanisms.accounting.filter", Exact), ("mechanisms.accounting.filter", Audit)],
    ),
    Mutant::new(
        "mechanisms.accounting.odometer_as_if_fixed",
        "the odometer reads the ε of what was spent as if that had been fixed beforehand",
        &[("mechanisms.accounting.odometer", Exact)],
    ),
    Mutant::new(
        "mechanisms.accounting.odometer_whole_delta",
        "each budget of the odometer has the whole δ",
        &[("mechanisms.accounting.odometer", Exact), ("mechanisms.accounting.odometer", Audit)],
    )
    .reproduces(BudgetPerCoordinate),
    Mutant::new(
        "mechanisms.release.part_forgotten",
        "the guarantee of joined releases forgets one of them",
        &[("mechanisms.release.composition", Numeric), ("mechanisms.release.composition", Audit)],
    )
    .reproduces(CompositionForgets),
    Mutant::new(
        "mechanisms.release.implication_without_counts",
        "a guarantee is said to follow from another whatever the number of its parts",
        &[("mechanisms.release.composition", Numeric)],
    ),
    Mutant::new(
        "mechanisms.discrete_laplace.half_error_bounds",
        "error bounds in the table are half as large",
        &[("mechanisms.discrete_laplace.table", Exact)],
    ),
    Mutant::new(
        "mechanisms.discrete_laplace.scale_as_std",
        "the scale is taken for a standard deviation",
        &[("mechanisms.discrete_laplace.law", Statistical)],
    )
    .reproduces(ScaleAsVariance),
    Mutant::new(
        "mechanisms.discrete_laplace.scale_as_variance",
        "the scale is taken for a variance",
        &[("mechanisms.discrete_laplace.law", Statistical)],
    )
    .reproduces(ScaleAsVariance),
    Mutant::new(
        "mechanisms.discrete_laplace.signed_zero",
        "zero has a sign as well, and is twice as likely",
        &[("mechanisms.discrete_laplace.law", Statistical)],
    ),
    Mutant::new(
        "mechanisms.discrete_laplace.without_margin",
        "the fast path takes the table without its error bound",
        &[("mechanisms.discrete_laplace.law", Search)],
    ),
    Mutant::new(
        "mechanisms.discrete_laplace.redrawn",
        "a word that leaves a draw undecided is drawn again",
        &[("mechanisms.discrete_laplace.refinement", Exact)],
    ),
    Mutant::new(
        "mechanisms.discrete_laplace.nearest",
        "both ends of probabilities are rounded to nearest",
        &[("mechanisms.discrete_laplace.probabilities", Numeric)],
    )
    .reproduces(OptimisticRounding),
    Mutant::new(
        "mechanisms.discrete_laplace.half_the_noise",
        "adds half the noise",
        &[("mechanisms.discrete_laplace.privacy", Numeric), ("mechanisms.discrete_laplace.privacy", Audit)],
    )
    .reproduces(NoiseHalved),
    Mutant::new(
        "mechanisms.discrete_laplace.sensitivity_one_less",
        "noise is made for a sensitivity that is one less",
        &[("mechanisms.discrete_laplace.privacy", Numeric)],
    )
    .reproduces(SensitivityTooSmall),
    Mutant::new(
        "mechanisms.discrete_gaussian.std_as_variance",
        "the standard deviation is taken for a variance",
        &[("mechanisms.discrete_gaussian.law", Statistical)],
    )
    .reproduces(ScaleAsVariance),
    Mutant::new(
        "mechanisms.discrete_gaussian.all_accepted",
        "every proposal of the rounded Gaussian is accepted",
        &[("mechanisms.discrete_gaussian.law", Statistical)],
    ),
    Mutant::new(
        "mechanisms.discrete_gaussian.without_margin",
        "the fast path takes the displaced normal quantile without its margin",
        &[("mechanisms.discrete_gaussian.law", Search)],
    ),
    Mutant::new(
        "mechanisms.discrete_gaussian.redrawn",
        "a word that leaves a draw undecided is drawn again",
        &[("mechanisms.discrete_gaussian.refinement", Exact)],
    ),
    Mutant::new(
        "mechanisms.discrete_gaussian.nearest",
        "both ends of probabilities are rounded to nearest",
        &[("mechanisms.discrete_gaussian.probabilities", Numeric)],
    )
    .reproduces(OptimisticRounding),
    Mutant::new(
        "mechanisms.discrete_gaussian.half_the_variance",
        "draws with half the variance",
        &[("mechanisms.discrete_gaussian.privacy", Numeric)],
    )
    .reproduces(NoiseHalved),
    Mutant::new(
        "mechanisms.discrete_gaussian.half_the_noise",
        "draws with half the parameter",
        &[("mechanisms.discrete_gaussian.privacy", Audit)],
    )
    .reproduces(NoiseHalved),
    Mutant::new(
        "mechanisms.truncated.moved_to_the_bound",
        "draws outside are moved to the bound",
        &[("mechanisms.truncated.law", Statistical)],
    ),
    Mutant::new(
        "mechanisms.truncated.bound_one_less",
        "the bound is one less",
        &[("mechanisms.truncated.law", Statistical)],
    ),
    Mutant::new(
        "mechanisms.truncated.modulo",
        "draws beyond 64 bits are kept if what is left of them is inside",
        &[("mechanisms.truncated.law", Statistical)],
    )
    .reproduces(Overflow),
    Mutant::new(
        "mechanisms.truncated.redrawn",
        "a word that leaves an acceptance undecided is drawn again",
        &[("mechanisms.truncated.refinement", Exact)],
    ),
    Mutant::new(
        "mechanisms.truncated.nearest",
        "both ends of probabilities are rounded to nearest",
        &[("mechanisms.truncated.probabilities", Numeric)],
    )
    .reproduces(OptimisticRounding),
    Mutant::new(
        "mechanisms.truncated_laplace.half_the_scale",
        "noise has half the scale inside the same bound",
        &[("mechanisms.truncated_laplace.privacy", Numeric), ("mechanisms.truncated_laplace.privacy", Audit)],
    )
    .reproduces(NoiseHalved),
    Mutant::new(
        "mechanisms.truncated_laplace.half_of_both",
        "noise has half the scale and half the bound",
        &[("mechanisms.truncated_laplace.privacy", Audit)],
    )
    .reproduces(NoiseHalved),
    Mutant::new(
        "mechanisms.truncated_laplace.sensitivity_one_less",
        "noise is made for a sensitivity that is one less",
        &[("mechanisms.truncated_laplace.privacy", Numeric)],
    )
    .reproduces(SensitivityTooSmall),
    Mutant::new(
        "mechanisms.truncated_laplace.bound_one_less",
        "the bound is one less, with the same δ",
        &[("mechanisms.truncated_laplace.privacy", Numeric)],
    ),
    Mutant::new(
        "mechanisms.noise.shift_one_less",
        "the divergence is that of a shift that is one less",
        &[("mechanisms.noise.shift", Numeric)],
    )
    .reproduces(SensitivityTooSmall),
    Mutant::new(
        "mechanisms.symmetric_gaussian.triangle",
        "the norm is that of the packed triangle, or there is less noise off the diagonal, or its scale is rounded to nearest",
        &[("mechanisms.symmetric_gaussian.privacy", Numeric)],
    ),
    Mutant::new(
        "mechanisms.symmetric_gaussian.half_the_noise",
        "adds half the noise",
        &[("mechanisms.symmetric_gaussian.privacy", Audit)],
    )
    .reproduces(NoiseHalved),
    Mutant::new(
        "mechanisms.symmetric_gaussian.half_the_mean_norm",
        "the mean of the spectral norm is taken for half of what it is",
        &[("mechanisms.symmetric_gaussian.radius", Statistical)],
    ),
    Mutant::new(
        "mechanisms.rows.unrounded",
        "the rounding of rows to the lattice is not charged",
        &[("mechanisms.rows.sensitivity", Search)],
    ),
    Mutant::new(
        "mechanisms.selection.redrawn",
        "a word that leaves a coin undecided is drawn again",
        &[("mechanisms.selection.law", Exact)],
    ),
    Mutant::new(
        "mechanisms.selection.index_redrawn",
        "a word that leaves an index undecided is drawn again",
        &[("mechanisms.selection.law", Exact)],
    ),
    Mutant::new(
        "mechanisms.selection.quantile_redrawn",
        "a word that leaves a quantile undecided is drawn again",
        &[("mechanisms.selection.law", Exact)],
    ),
    Mutant::new(
        "mechanisms.selection.twice_epsilon",
        "the exponential mechanism draws with twice the ε",
        &[("mechanisms.selection.law", Statistical)],
    ),
    Mutant::new(
        "mechanisms.selection.tails_drawn_again",
        "permute and flip draws candidates with tails again",
        &[("mechanisms.selection.law", Statistical)],
    ),
    Mutant::new(
        "mechanisms.selection.stretches_without_widths",
        "a quantile draws a stretch of equal rank without its width",
        &[("mechanisms.selection.law", Statistical)],
    ),
    Mutant::new(
        "mechanisms.selection.exponential.taken_for_monotone",
        "scores that move any way are taken for monotone ones",
        &[("mechanisms.selection.exponential.privacy", Exact)],
    ),
    Mutant::new(
        "mechanisms.selection.exponential.twice_epsilon",
        "weights are those of twice the ε",
        &[
            ("mechanisms.selection.exponential.privacy", Exact),
            ("mechanisms.selection.exponential.privacy", Audit),
        ],
    ),
    Mutant::new(
        "mechanisms.selection.permute_and_flip.taken_for_monotone",
        "scores that move any way are taken for monotone ones",
        &[("mechanisms.selection.permute_and_flip.privacy", Exact)],
    ),
    Mutant::new(
        "mechanisms.selection.permute_and_flip.twice_epsilon",
        "coins are those of twice the ε",
        &[
            ("mechanisms.selection.permute_and_flip.privacy", Exact),
            ("mechanisms.selection.permute_and_flip.privacy", Audit),
        ],
    ),
    Mutant::new(
        "mechanisms.selection.permute_and_flip.tails_drawn_again",
        "candidates whose coin shows tails are drawn again",
        &[("mechanisms.selection.permute_and_flip.utility", Exact)],
    ),
    Mutant::new(
        "mechanisms.selection.permute_and_flip.half_epsilon",
        "coins are those of half the ε",
        &[("mechanisms.selection.permute_and_flip.utility", Exact)],
    ),
    Mutant::new(
        "mechanisms.selection.noisy_max.plain_difference",
        "the gap is the plain difference of the two largest",
        &[("mechanisms.selection.noisy_max.privacy", Exact)],
    ),
    Mutant::new(
        "mechanisms.selection.noisy_max.winner_score",
        "the noisy score of the winner is released as if it were free",
        &[
            ("mechanisms.selection.noisy_max.privacy", Exact),
            ("mechanisms.selection.noisy_max.privacy", Audit),
        ],
    ),
    Mutant::new(
        "mechanisms.selection.noisy_max.noise_for_one",
        "noise is for Δ where the spread is 2Δ",
        &[("mechanisms.selection.noisy_max.privacy", Exact)],
    ),
    Mutant::new(
        "mechanisms.selection.noisy_max.half_the_noise",
        "adds half the noise",
        &[("mechanisms.selection.noisy_max.privacy", Exact)],
    )
    .reproduces(NoiseHalved),
    Mutant::new(
        "mechanisms.selection.noisy_max.less_noise",
        "adds four fifths of the noise",
        &[("mechanisms.selection.noisy_max.privacy", Audit)],
    ),
    Mutant::new(
        "mechanisms.selection.noisy_max.last_of_equals",
        "the last of equal scores wins, with the gap of the first",
        &[("mechanisms.selection.noisy_max.privacy", Exact)],
    ),
    Mutant::new(
        "mechanisms.selection.above_threshold.noisy_score",
        "an answer above the threshold is the noisy score",
        &[("mechanisms.selection.above_threshold.privacy", Exact)],
    ),
    Mutant::new(
        "mechanisms.selection.above_threshold.quarter_of_the_score_noise",
        "noise on scores is a quarter: it forgets the number of answers and a factor of two",
        &[
            ("mechanisms.selection.above_threshold.privacy", Exact),
            ("mechanisms.selection.above_threshold.privacy", Audit),
        ],
    ),
    Mutant::new(
        "mechanisms.selection.above_threshold.no_score_noise",
        "scores have no noise",
        &[
            ("mechanisms.selection.above_threshold.privacy", Exact),
            ("mechanisms.selection.above_threshold.privacy", Audit),
        ],
    ),
    Mutant::new(
        "mechanisms.selection.above_threshold.no_threshold_noise",
        "the threshold has no noise",
        &[
            ("mechanisms.selection.above_threshold.privacy", Exact),
            ("mechanisms.selection.above_threshold.privacy", Audit),
        ],
    ),
    Mutant::new(
        "mechanisms.selection.above_threshold.endless",
        "the stream does not end after the answers that were charged",
        &[("mechanisms.selection.above_threshold.privacy", Exact)],
    ),
    Mutant::new(
        "mechanisms.selection.above_threshold.half_the_score_noise",
        "scores have half of their noise",
        &[("mechanisms.selection.above_threshold.privacy", Exact)],
    )
    .reproduces(NoiseHalved),
    Mutant::new(
        "mechanisms.selection.above_threshold.equality_below",
        "an answer at the threshold is below, and gaps are one less",
        &[("mechanisms.selection.above_threshold.privacy", Exact)],
    ),
    Mutant::new(
        "mechanisms.selection.quantile.without_widths",
        "a stretch of equal rank is drawn without its width",
        &[("mechanisms.selection.quantile.privacy", Exact), ("mechanisms.selection.quantile.privacy", Audit)],
    ),
    Mutant::new(
        "mechanisms.selection.quantile.twice_epsilon",
        "weights are those of twice the ε",
        &[("mechanisms.selection.quantile.privacy", Exact)],
    ),
    Mutant::new(
        "mechanisms.selection.quantile.median_spread",
        "the spread of a median is taken at every level",
        &[("mechanisms.selection.quantile.privacy", Exact)],
    ),
    Mutant::new(
        "mechanisms.selection.quantile.level_from_above",
        "the level counts from above",
        &[("mechanisms.selection.quantile.privacy", Exact)],
    ),
    Mutant::new(
        "mechanisms.selection.stability.no_noise",
        "the distance has no noise",
        &[
            ("mechanisms.selection.stability.privacy", Exact),
            ("mechanisms.selection.stability.privacy", Audit),
        ],
    ),
    Mutant::new(
        "mechanisms.selection.stability.half_the_noise",
        "the distance has half the noise",
        &[("mechanisms.selection.stability.privacy", Exact)],
    )
    .reproduces(NoiseHalved),
    Mutant::new(
        "mechanisms.selection.stability.less_noise",
        "the distance has four fifths of the noise, with the threshold that belongs to it",
        &[("mechanisms.selection.stability.privacy", Audit)],
    ),
    Mutant::new(
        "mechanisms.selection.stability.half_the_threshold",
        "the threshold is half as far",
        &[("mechanisms.selection.stability.privacy", Exact)],
    ),
    Mutant::new(
        "mechanisms.selection.stability.no_threshold",
        "the threshold is zero",
        &[("mechanisms.selection.stability.privacy", Exact)],
    ),
    Mutant::new(
        "mechanisms.selection.stability.equality_passes",
        "an answer at the threshold is released, as if the threshold were one less",
        &[
            ("mechanisms.selection.stability.privacy", Exact),
            ("mechanisms.selection.stability.privacy", Audit),
        ],
    )
    .reproduces(EqualityNotCharged),
    Mutant::new(
        "mechanisms.selection.propose_test_release.no_noise",
        "the distance has no noise",
        &[
            ("mechanisms.selection.propose_test_release.privacy", Exact),
            ("mechanisms.selection.propose_test_release.privacy", Audit),
        ],
    ),
    Mutant::new(
        "mechanisms.selection.propose_test_release.no_threshold",
        "the threshold is zero",
        &[("mechanisms.selection.propose_test_release.privacy", Exact)],
    ),
    Mutant::new(
        "mechanisms.selection.propose_test_release.threshold_for_more_delta",
        "the threshold is that for three times the δ",
        &[("mechanisms.selection.propose_test_release.privacy", Audit)],
    ),
    Mutant::new(
        "mechanisms.selection.propose_test_release.equality_passes",
        "a statistic at the threshold is released",
        &[("mechanisms.selection.propose_test_release.privacy", Exact)],
    )
    .reproduces(EqualityNotCharged),
    Mutant::new(
        "mechanisms.selection.propose_test_release.noise_for_half_the_bound",
        "noise on the statistic is for half of the proposed bound",
        &[("mechanisms.selection.propose_test_release.privacy", Exact)],
    )
    .reproduces(NoiseHalved),
    Mutant::new(
        "mechanisms.selection.propose_test_release.noise_for_less",
        "noise on the statistic is for three fifths of the proposed bound",
        &[("mechanisms.selection.propose_test_release.privacy", Audit)],
    ),
];
