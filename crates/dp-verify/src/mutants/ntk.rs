//! Mutants of ntk-dp.

use super::KnownBug::{CompositionForgets, FailureDependsOnData, NoiseHalved, ReplaceChargedAsAddRemove};
use super::Mutant;
use crate::Evidence::{Audit, Exact, Numeric, Search, Statistical};

pub(super) const ALL: &[Mutant] = &[
    Mutant::new(
        "ntk.arcsine.short_coefficients",
        "coefficients are rounded to 48 bits",
        &[("ntk.arcsine.polynomial", Exact)],
    ),
    Mutant::new(
        "ntk.dual.equal_variances",
        "both variances are taken to be equal",
        &[("ntk.dual.closed_forms", Numeric)],
    ),
    Mutant::new(
        "ntk.kernel.covariance_for_tangent",
        "the covariance is returned for the tangent kernel",
        &[("ntk.kernel.recursion", Search)],
    ),
    Mutant::new(
        "ntk.kernel.angle_off",
        "points are taken to be at an angle that is larger by 1e-3",
        &[("ntk.kernel.near_equal", Search)],
    ),
    Mutant::new(
        "ntk.gram.diagonal_of_covariance",
        "the tangent kernel has the diagonal of the covariance",
        &[("ntk.gram.semidefinite", Search)],
    ),
    Mutant::new(
        "ntk.quadratic.counted_once",
        "each product of two coordinates counts once",
        &[("ntk.quadratic.features", Search)],
    ),
    Mutant::new(
        "ntk.finite_width.covariance_as_limit",
        "the limit is the covariance, not the tangent kernel",
        &[("ntk.finite_width.rate", Statistical)],
    ),
    Mutant::new(
        "ntk.features.without_biases",
        "features are those of a network without biases",
        &[("ntk.features.variance", Statistical)],
    ),
    Mutant::new(
        "ntk.ridge.residuals_of_all",
        "residuals are those of the fit with all points",
        &[("ntk.ridge.leave_one_out", Numeric)],
    ),
    Mutant::new(
        "ntk.ridge.tolerance_believed",
        "the residual is taken to be the tolerance",
        &[("ntk.ridge.residual", Numeric)],
    ),
    Mutant::new(
        "ntk.record.features_alone",
        "features alone are charged, not targets",
        &[("ntk.record.sensitivity.add_remove", Search)],
    ),
    Mutant::new(
        "ntk.record.never_apart",
        "a replaced record is charged as if no two pointed apart",
        &[("ntk.record.sensitivity.replace", Search)],
    ),
    Mutant::new(
        "ntk.record.orthogonal_pair",
        "the worst pair is sought among orthogonal rows only",
        &[("ntk.record.sensitivity.replace", Numeric)],
    ),
    Mutant::new(
        "ntk.record.centre_forgotten",
        "the claim forgets the release of the centre",
        &[("ntk.record.privacy", Numeric)],
    )
    .reproduces(CompositionForgets),
    Mutant::new(
        "ntk.record.round_forgotten",
        "the claim forgets a round of the flattening",
        &[("ntk.record.privacy", Numeric)],
    )
    .reproduces(CompositionForgets),
    Mutant::new(
        "ntk.record.replace_as_add_remove",
        "a replaced record is charged as one that comes or goes",
        &[("ntk.record.privacy", Audit)],
    )
    .reproduces(ReplaceChargedAsAddRemove),
    Mutant::new(
        "ntk.record.less_noise",
        "the noise for a record that comes or goes is 0.7 of what is claimed",
        &[("ntk.record.privacy", Audit)],
    ),
    Mutant::new(
        "ntk.record.place_taken",
        "another record takes the place of one that is dropped, and counts twice",
        &[("ntk.record.sums", Exact)],
    ),
    Mutant::new(
        "ntk.record.features_noise_forgotten",
        "the error bound forgets the noise on features",
        &[("ntk.record.error_bound", Statistical)],
    ),
    Mutant::new(
        "ntk.record.half_the_standard_error",
        "standard errors are halved",
        &[("ntk.record.standard_error", Statistical)],
    ),
    Mutant::new(
        "ntk.record.noise_as_signal",
        "the risk is estimated as if the noise were signal",
        &[("ntk.record.risk", Statistical)],
    ),
    Mutant::new(
        "ntk.descent.right_angle",
        "a replaced record is charged as one that comes and one that goes at a right angle",
        &[("ntk.descent.sensitivity", Search)],
    ),
    Mutant::new(
        "ntk.descent.last_step_forgotten",
        "the claim forgets the last step",
        &[("ntk.descent.privacy", Numeric)],
    )
    .reproduces(CompositionForgets),
    Mutant::new(
        "ntk.descent.replace_as_add_remove",
        "a replaced record is charged as one that comes or goes",
        &[("ntk.descent.privacy", Audit)],
    )
    .reproduces(ReplaceChargedAsAddRemove),
    Mutant::new("ntk.descent.added_twice", "one record is added twice", &[("ntk.descent.sums", Exact)]),
    Mutant::new(
        "ntk.image.largest_of_batch",
        "an image is divided by the largest pixel of its batch",
        &[("ntk.image.row_local", Exact)],
    ),
    Mutant::new(
        "ntk.close.proportional_move",
        "features are taken to move in proportion to points",
        &[("ntk.close.feature_move", Search)],
    ),
    Mutant::new(
        "ntk.close.points.rounding_forgotten",
        "the sensitivity forgets that both points are rounded",
        &[("ntk.close.points.sensitivity", Search)],
    ),
    Mutant::new(
        "ntk.close.points.half_the_noise",
        "adds half the noise to points",
        &[("ntk.close.points.privacy", Numeric)],
    )
    .reproduces(NoiseHalved),
    Mutant::new(
        "ntk.close.points.half_the_move",
        "points are released as if they moved half as far",
        &[("ntk.close.points.privacy", Numeric)],
    ),
    Mutant::new(
        "ntk.close.points.less_noise",
        "adds 0.7 of the noise to points",
        &[("ntk.close.points.privacy", Audit)],
    ),
    Mutant::new(
        "ntk.close.labels.bound_for_change",
        "the bound of a label is taken for the largest change of one",
        &[("ntk.close.labels.privacy", Exact)],
    ),
    Mutant::new(
        "ntk.close.labels.less_noise",
        "adds 0.7 of the noise to labels",
        &[("ntk.close.labels.privacy", Audit)],
    ),
    Mutant::new(
        "ntk.close.gram.square_forgotten",
        "the change forgets the square of the move",
        &[("ntk.close.gram.change", Search)],
    ),
    Mutant::new(
        "ntk.close.gram.tenth_more_draws",
        "draws a tenth more than is allowed",
        &[("ntk.close.gram.privacy", Numeric)],
    ),
    Mutant::new(
        "ntk.close.gram.thrice_the_draws",
        "draws three times as often as the certificate says",
        &[("ntk.close.gram.privacy", Audit)],
    ),
    Mutant::new(
        "ntk.close.queries.factor_forgotten",
        "the sensitivity forgets the factor of two of a square's derivative",
        &[("ntk.close.queries.sensitivity", Search)],
    ),
    Mutant::new(
        "ntk.close.queries.half_the_scale",
        "answers have half of the scale of their noise",
        &[("ntk.close.queries.privacy", Exact)],
    )
    .reproduces(NoiseHalved),
    Mutant::new(
        "ntk.close.queries.three_for_one",
        "three answers are given for the price of one",
        &[("ntk.close.queries.privacy", Audit)],
    )
    .reproduces(CompositionForgets),
    Mutant::new(
        "ntk.close.complains",
        "a point that is not finite changes what a call answers",
        &[("ntk.close.failure", Search)],
    )
    .reproduces(FailureDependsOnData),
    Mutant::new(
        "ntk.close.first_order",
        "the bound has s where s/(1 − s) is right",
        &[("ntk.close.utility", Search)],
    ),
    Mutant::new(
        "ntk.published.largest_entries",
        "the factor ω of the published bound is the largest kernel value times the largest label",
        &[("ntk.published.utility", Search)],
    ),
    Mutant::new(
        "ntk.published.noisy_labels",
        "labels are released with noise, so that none is recovered",
        &[("ntk.published.labels", Numeric)],
    ),
    Mutant::new(
        "ntk.published.close_neighbour",
        "the point moves by 1e-3 where it is replaced",
        &[("ntk.published.record", Numeric)],
    ),
    Mutant::new(
        "ntk.published.with_ridge",
        "the covariance has a ridge, so that no direction has width zero",
        &[("ntk.published.singular", Numeric)],
    ),
    Mutant::new(
        "ntk.published.released_points",
        "the predictor is of released points, so that none is recovered",
        &[("ntk.published.predictor", Numeric)],
    ),
    Mutant::new(
        "ntk.published.public_ridge",
        "the ridge is public, so that it tells nothing",
        &[("ntk.published.selection", Search)],
    ),
];
