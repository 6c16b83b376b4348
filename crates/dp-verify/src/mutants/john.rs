//! Mutants of john-ellipsoid-dp.

use super::KnownBug::{ClipUnused, CompositionForgets, NoiseHalved, ReplaceChargedAsAddRemove};
use super::Mutant;
use crate::Evidence::{Audit, Exact, Numeric, Search, Statistical};

pub(super) const ALL: &[Mutant] = &[
    Mutant::new(
        "john.certificate.support_only",
        "the gap is certified from the rows that have weight alone",
        &[("john.certificate.gap", Search)],
    ),
    Mutant::new(
        "john.certificate.gap_without_dimension",
        "the volume is charged the gap without the dimension",
        &[("john.certificate.volume", Numeric)],
    ),
    Mutant::new(
        "john.certificate.centre_without_dimension",
        "the volume of an ellipsoid with a centre is charged the gap without the dimension",
        &[("john.certificate.volume", Numeric)],
    ),
    Mutant::new(
        "john.certificate.lost_entry",
        "the last stored entry of each sparse row but the first d is lost",
        &[("john.certificate.sparse", Search)],
    ),
    Mutant::new(
        "john.certificate.sample_only",
        "the gap is certified from the rows that stick out of a sample's ellipsoid alone",
        &[("john.certificate.between_passes", Search)],
    ),
    Mutant::new(
        "john.containment.lost_root",
        "the factor √d between both ellipsoids is lost",
        &[("john.containment", Search)],
    ),
    Mutant::new(
        "john.solvers.dropped_row",
        "the last row that has weight is left out",
        &[("john.solvers.agreement", Numeric)],
    ),
    Mutant::new(
        "john.fixed_point.damped",
        "steps are damped by a root",
        &[("john.fixed_point.rate", Numeric)],
    ),
    Mutant::new(
        "john.fixed_point.last_design",
        "the answer is the last design, not the mean of all",
        &[("john.fixed_point.mean_of_designs", Numeric)],
    ),
    Mutant::new(
        "john.deletion.without_dimension",
        "the threshold for deleting rows forgets the dimension",
        &[("john.deletion.safe", Search)],
    ),
    Mutant::new(
        "john.close.rows.rounding_forgotten",
        "the sensitivity forgets that both rows are rounded",
        &[("john.close.rows.sensitivity", Search)],
    ),
    Mutant::new(
        "john.close.rows.half_the_noise",
        "adds half the noise to rows",
        &[("john.close.rows.privacy", Numeric)],
    )
    .reproduces(NoiseHalved),
    Mutant::new(
        "john.close.rows.half_the_move",
        "rows are released as if they moved half as far",
        &[("john.close.rows.privacy", Numeric)],
    ),
    Mutant::new(
        "john.close.rows.less_noise",
        "adds 0.7 of the noise to rows",
        &[("john.close.rows.privacy", Audit)],
    ),
    Mutant::new(
        "john.close.rows.without_ball",
        "the ellipsoid around noisy rows leaves out the ball for the noise",
        &[("john.close.rows.containment", Statistical)],
    ),
    Mutant::new(
        "john.close.rows.failure_forgotten",
        "the radius of the ball has no term for the failure probability",
        &[("john.close.rows.containment", Statistical)],
    ),
    Mutant::new(
        "john.stability.half_reach",
        "the bound has half of the term in ρ",
        &[("john.stability", Search)],
    ),
    Mutant::new(
        "john.stability.rho_without_root",
        "the longest semi-axis is bounded without the factor √(d(1 + ξ))",
        &[("john.stability.rho", Search)],
    ),
    Mutant::new(
        "john.stability.rho_root_of_floor",
        "the root of the floor is taken for the floor",
        &[("john.stability.rho", Search)],
    ),
    Mutant::new(
        "john.stability.exponent_ignored",
        "the change is charged as if the exponent did not matter",
        &[("john.stability.smoothed", Search)],
    ),
    Mutant::new(
        "john.stability.overshooting",
        "each step goes twice as far, and oscillates",
        &[("john.stability.convergence", Numeric)],
    ),
    Mutant::new(
        "john.stability.stops_early",
        "the solver stops at twice the residual that was asked for",
        &[("john.stability.convergence", Numeric)],
    ),
    Mutant::new(
        "john.stability.twice_the_draws",
        "draws twice as often as the certificate says",
        &[("john.stability.privacy", Numeric)],
    ),
    Mutant::new(
        "john.stability.half_the_move",
        "draws are released as if rows moved half as far",
        &[("john.stability.privacy", Numeric)],
    ),
    Mutant::new(
        "john.stability.more_draws",
        "draws 2.5 times as often as the certificate says",
        &[("john.stability.privacy", Audit)],
    ),
    Mutant::new(
        "john.stability.without_factor",
        "the ellipsoid is not enlarged for the noise of the draws",
        &[("john.stability.containment", Statistical)],
    ),
    Mutant::new(
        "john.stability.failure_forgotten",
        "the factor for the noise of the draws has no term for the failure probability",
        &[("john.stability.containment", Statistical)],
    ),
    Mutant::new(
        "john.record.replace_as_add_remove",
        "a replaced row is charged as one that comes or goes",
        &[("john.record.sensitivity", Search), ("john.record.privacy", Audit)],
    )
    .reproduces(ReplaceChargedAsAddRemove),
    Mutant::new(
        "john.record.less_noise",
        "the noise for a row that comes or goes is 0.7 of what is claimed",
        &[("john.record.privacy", Audit)],
    ),
    Mutant::new(
        "john.record.clip_unused",
        "the clip is computed and the raw row is used",
        &[("john.record.sensitivity", Exact)],
    )
    .reproduces(ClipUnused),
    Mutant::new(
        "john.record.last_round_forgotten",
        "the claim forgets the last round",
        &[("john.record.privacy", Numeric)],
    )
    .reproduces(CompositionForgets),
    Mutant::new(
        "john.record.two_rounds",
        "coordinates are whitened by two rounds, not five",
        &[("john.record.accuracy", Statistical)],
    ),
    Mutant::new(
        "john.record.radius_for_square",
        "a radius is taken for its square",
        &[("john.record.coverage", Statistical)],
    ),
    Mutant::new(
        "john.record.failure_forgotten",
        "the stated ranks have no term for the failure probability",
        &[("john.record.coverage", Statistical)],
    ),
    Mutant::new(
        "john.leverage.half_the_change",
        "half of the change of leverages is charged, as if other rows did not change",
        &[("john.leverage.change", Search)],
    ),
    Mutant::new(
        "john.weights.average_row",
        "an average row is charged, not the heaviest",
        &[("john.weights.sensitivity", Search)],
    ),
    Mutant::new(
        "john.weights.noise_of_one_round",
        "each round has the noise that one alone would need",
        &[("john.weights.privacy", Numeric)],
    )
    .reproduces(CompositionForgets),
    Mutant::new(
        "john.weights.less_noise",
        "adds 0.7 of the noise to logarithms",
        &[("john.weights.privacy", Audit)],
    ),
    Mutant::new(
        "john.weights.smaller_bound",
        "the bound is 0.82 of the proven one",
        &[("john.weights.convergence", Statistical)],
    ),
    Mutant::new(
        "john.weights.tenfold_failure",
        "the bound is one for ten times the failure probability",
        &[("john.weights.convergence", Statistical)],
    ),
    Mutant::new(
        "john.published.noisy_rows",
        "the published matrix is of rows with noise, so that no row is recovered",
        &[("john.published.leak", Search)],
    ),
    Mutant::new(
        "john.published.whole_line",
        "noise is on the logarithm and has the whole line as support, so that nothing is out of reach",
        &[("john.published.support", Exact)],
    ),
    Mutant::new(
        "john.published.equal_scale",
        "noise is on the logarithm and has one scale for both neighbours",
        &[("john.published.scale", Numeric)],
    ),
    Mutant::new(
        "john.published.every_row",
        "every row is used where the published algorithm samples",
        &[("john.published.sampling", Numeric)],
    ),
    Mutant::new(
        "john.published.one_round",
        "one round from fixed weights takes the place of many",
        &[("john.published.lipschitz", Numeric)],
    ),
    Mutant::new(
        "john.published.close_neighbour",
        "the neighbour's row moves by 1e-3 where it is replaced",
        &[("john.published.record", Numeric)],
    ),
    Mutant::new(
        "john.published.without_noise",
        "the rounds have no noise, so that the gap falls",
        &[("john.published.convergence", Statistical)],
    ),
];
