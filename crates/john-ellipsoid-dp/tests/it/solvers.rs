use crate::Uniform;
use dp_linalg::Mat;
use john_ellipsoid_dp::{
    Design, Error, FixedPoint, InteriorPoint, Iterate, JohnOptions, Khachiyan, LazyFixedPoint,
    PairwiseExchange, RandomizedExchange, SafeDeletion, SketchedFixedPoint, Solver, Stop, WolfeAtwood,
    deletion_threshold, john_ellipsoid_with, samples_with_proof, spanning_weights, uniform_weights,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

#[test]
fn every_solver_reaches_its_gap() {
    let rows = Uniform::new(1).rows(300, 4);
    let [mut first, mut second, mut third] = [1, 2, 3].map(ChaCha8Rng::seed_from_u64);
    let solvers: [(&dyn Solver, f64); 10] = [
        (&WolfeAtwood, 1e-8),
        (&PairwiseExchange, 1e-8),
        (&InteriorPoint, 1e-10),
        (&FixedPoint { iterate: Iterate::Last }, 1e-3),
        (&FixedPoint { iterate: Iterate::Average }, 1e-2),
        (&SafeDeletion { solver: FixedPoint { iterate: Iterate::Last }, period: 20 }, 1e-4),
        (&Khachiyan, 1e-2),
        (&RandomizedExchange::new(&mut first), 1e-10),
        (&LazyFixedPoint::new(200, 8, &mut second), 1e-2),
        (&SketchedFixedPoint::new(200, 20, &mut third), 5e-2),
    ];
    for (index, (solver, gap)) in solvers.into_iter().enumerate() {
        let mut design = Design::new(rows.as_ref(), uniform_weights(rows.as_ref())).unwrap();
        let spent = solver.improve(&mut design, Stop { gap, max_iterations: 50_000 }).unwrap();
        assert!(design.gap() <= gap && spent < 50_000, "solver {index}: {} after {spent}", design.gap());
        design.refresh().unwrap();
        // updates of some hundred steps lose some digits of sixteen
        assert!(design.gap() <= gap + 1e-10, "solver {index}: {}", design.gap());
    }
}

#[test]
fn updates_agree_with_computing_anew() {
    let rows = Uniform::new(2).rows(50, 3);
    let mut design = Design::new(rows.as_ref(), uniform_weights(rows.as_ref())).unwrap();
    design.add(7, 0.5);
    design.scale(3.0 / 3.5);
    let updated = design.forms().to_vec();
    design.refresh().unwrap();
    // one Sherman-Morrison step at condition number below 10
    assert!(updated.iter().zip(design.forms()).all(|(x, y)| (x - y).abs() < 1e-13 * y.max(1.0)));
}

#[test]
fn averaged_iterates_keep_their_proven_rate() {
    let rows = Uniform::new(3).rows(200, 3);
    for iterations in [1, 2, 5, 20, 100] {
        let mut design = Design::new(rows.as_ref(), uniform_weights(rows.as_ref())).unwrap();
        let solver = FixedPoint { iterate: Iterate::Average };
        solver.improve(&mut design, Stop { gap: 0.0, max_iterations: iterations }).unwrap();
        let bound = (200.0_f64 / 3.0).powf(1.0 / iterations as f64);
        assert!(1.0 + design.gap() <= bound * (1.0 + 1e-12), "{iterations}");
    }
}

#[test]
fn rows_below_the_deletion_threshold_have_no_weight_at_the_optimum() {
    let rows = Uniform::new(4).rows(400, 4);
    let mut optimum = Design::new(rows.as_ref(), uniform_weights(rows.as_ref())).unwrap();
    InteriorPoint.improve(&mut optimum, Stop { gap: 1e-11, max_iterations: 200 }).unwrap();
    let mut design = Design::new(rows.as_ref(), uniform_weights(rows.as_ref())).unwrap();
    for _ in 0..30 {
        WolfeAtwood.improve(&mut design, Stop { gap: 1e-9, max_iterations: 5 }).unwrap();
        let threshold = deletion_threshold(4, design.gap());
        let deleted = (0..400).filter(|&i| design.forms()[i] < threshold);
        // weights of that size are those of rows that touch; the others' are below dξ over their slack
        assert!(deleted.map(|i| optimum.weights()[i]).all(|w| w < 1e-5));
    }
}

#[test]
fn a_spanning_start_has_one_row_a_dimension() {
    let rows = Uniform::new(5).rows(100, 7);
    let weights = spanning_weights(rows.as_ref());
    assert_eq!(weights.iter().filter(|&&w| w == 1.0).count(), 7);
    assert!(Design::new(rows.as_ref(), weights).is_ok());
}

#[test]
fn khachiyan_s_steps_do_not_grow_with_the_number_of_rows() {
    // the same optimum: the outer rows are the same, the others are inside
    let few = Uniform::new(6).rows(200, 3);
    let many = Mat::from_fn(20_000, 3, |i, j| few[(i % 200, j)] * if i < 200 { 1.0 } else { 0.5 });
    let steps = |rows: &Mat| {
        let mut design = Design::new(rows.as_ref(), uniform_weights(rows.as_ref())).unwrap();
        let steps = Khachiyan.improve(&mut design, Stop { gap: 1e-2, max_iterations: 100_000 }).unwrap();
        assert!(design.gap() <= 1e-2);
        steps
    };
    assert_eq!(steps(&few), steps(&many));
}

#[test]
fn samples_that_do_not_span_are_replaced_by_all_rows() {
    let rows = Uniform::new(7).rows(100, 5);
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let mut design = Design::new(rows.as_ref(), uniform_weights(rows.as_ref())).unwrap();
    let solver = LazyFixedPoint::new(1, 4, &mut rng); // one row never spans five dimensions
    solver.improve(&mut design, Stop { gap: 0.0, max_iterations: 200 }).unwrap();
    // the plain averaged fixed point, with its proven rate
    assert!(1.0 + design.gap() <= (100.0_f64 / 5.0).powf(1.0 / 200.0) * (1.0 + 1e-12));
}

#[test]
fn lazy_averages_keep_the_rate_that_rough_samples_allow() {
    let rows = Uniform::new(8).rows(2000, 4);
    for (seed, delay) in [(1, 1), (2, 2), (3, 4)] {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut design = Design::new(rows.as_ref(), uniform_weights(rows.as_ref())).unwrap();
        let stop = Stop { gap: 0.0, max_iterations: 160 };
        LazyFixedPoint::new(150, delay, &mut rng).improve(&mut design, stop).unwrap();
        // ((1 + ε)n/d)^{1/T} with M(w) ⪯ 4M for the last sample: 150 draws, 37 for each of four dimensions
        assert!(
            1.0 + design.gap() <= (4.0 * 2000.0 / 4.0_f64).powf(1.0 / 160.0),
            "{delay}: {}",
            design.gap()
        );
    }
}

#[test]
fn samples_with_a_proof_are_more_than_there_are_rows() {
    // the sizes of the speed target, at the gap that the averaged fixed point is given there
    assert!(samples_with_proof(30, 1e-2, 1e-2) > 200 * 30_000);
    let rows = Uniform::new(9).rows(3000, 6);
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut design = Design::new(rows.as_ref(), uniform_weights(rows.as_ref())).unwrap();
    let stop = Stop { gap: 0.05, max_iterations: 2000 };
    let rounds = SketchedFixedPoint::new(300, 12, &mut rng).improve(&mut design, stop).unwrap();
    assert!(design.gap() <= 0.05 && rounds < 2000, "{rounds}: {}", design.gap());
    assert!(samples_with_proof(6, 0.05, 0.01) > 100 * 300);
}

#[test]
fn exchanges_in_batches_need_few_looks_at_all_rows() {
    let rows = Uniform::new(10).rows(3000, 6);
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let mut design = Design::new(rows.as_ref(), uniform_weights(rows.as_ref())).unwrap();
    let stop = Stop { gap: 1e-9, max_iterations: 200 };
    let batches = RandomizedExchange::new(&mut rng).improve(&mut design, stop).unwrap();
    assert!(design.gap() <= 1e-9);
    let mut single = Design::new(rows.as_ref(), spanning_weights(rows.as_ref())).unwrap();
    let steps = PairwiseExchange.improve(&mut single, Stop { max_iterations: 100_000, ..stop }).unwrap();
    assert!(10 * batches < steps, "{batches} {steps}");
}

/// A solver that works in vain.
struct Standing;

impl Solver for Standing {
    fn improve(&self, _: &mut Design<'_>, stop: Stop) -> Result<usize, Error> {
        Ok(stop.max_iterations)
    }
}

#[test]
fn periods_between_deletions_are_as_many_as_there_are_iterations() {
    // forms ¾, ¾ and 3/2, where rows are deleted from 0.634 down
    let rows = Mat::from_vec(3, 2, vec![1.0, 0.0, 1.0, 0.0, 0.0, 1.0]).unwrap();
    let mut design = Design::new(rows.as_ref(), uniform_weights(rows.as_ref())).unwrap();
    let stop = Stop { gap: 1e-9, max_iterations: 300_000 };
    let spent = SafeDeletion { solver: Standing, period: 1 }.improve(&mut design, stop).unwrap();
    assert_eq!(spent, 300_000);
    assert_eq!(design.weights(), uniform_weights(rows.as_ref()));
}

#[test]
fn rows_are_deleted_several_times_on_the_way_and_keep_their_numbers() {
    let rows = Uniform::new(12).rows(4000, 4);
    let stop = Stop { gap: 1e-8, max_iterations: 100_000 };
    let mut whole = Design::new(rows.as_ref(), uniform_weights(rows.as_ref())).unwrap();
    WolfeAtwood.improve(&mut whole, stop).unwrap();
    for period in [1, 7, 40, 100_000] {
        let mut design = Design::new(rows.as_ref(), uniform_weights(rows.as_ref())).unwrap();
        let spent = SafeDeletion { solver: WolfeAtwood, period }.improve(&mut design, stop).unwrap();
        assert!(spent < stop.max_iterations && design.gap() <= 1e-8 + 1e-10, "{period}: {}", design.gap());
        // weights of both are those of rows that touch, up to the root of the gap
        let apart = design.weights().iter().zip(whole.weights()).map(|(w, v)| (w - v).abs());
        assert!(apart.fold(0.0, f64::max) < 1e-3, "{period}");
    }
}

#[test]
fn a_solver_that_begins_anew_needs_one_period_for_all_of_its_way() {
    // corners of a pentagon, none of which is deleted: four steps
    let angle = |i: usize| 0.4 * std::f64::consts::PI * i as f64;
    let rows = Mat::from_fn(5, 2, |i, j| if j == 0 { angle(i).cos() } else { angle(i).sin() });
    let gap = |period| {
        let mut design = Design::new(rows.as_ref(), uniform_weights(rows.as_ref())).unwrap();
        let stop = Stop { gap: 1e-2, max_iterations: 2000 };
        SafeDeletion { solver: Khachiyan, period }.improve(&mut design, stop).unwrap();
        design.gap()
    };
    assert!(gap(1) > 1e-2 && gap(2000) <= 1e-2, "{} {}", gap(1), gap(2000));
}

/// A solver that leaves its design with twice the weight.
struct Doubling;

impl Solver for Doubling {
    fn improve(&self, design: &mut Design<'_>, _: Stop) -> Result<usize, Error> {
        design.scale(2.0);
        Ok(0)
    }
}

#[test]
fn weights_that_do_not_sum_to_the_dimension_are_not_certified_as_if_they_did() {
    let rows = Mat::identity(2);
    let stop = Stop { gap: 1e-6, max_iterations: 10 };
    let john = john_ellipsoid_with(&Doubling, rows.as_ref(), stop, &JohnOptions::default()).unwrap();
    // the optimum is the unit disc
    assert!(john.log_volume().abs() <= john.certificate().log_volume_excess() + 1e-12);
}
