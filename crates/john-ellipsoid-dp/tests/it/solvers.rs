use crate::Uniform;
use john_ellipsoid_dp::{
    Design, FixedPoint, InteriorPoint, Iterate, PairwiseExchange, SafeDeletion, Solver, Stop, WolfeAtwood,
    deletion_threshold, spanning_weights, uniform_weights,
};

#[test]
fn every_solver_reaches_its_gap() {
    let rows = Uniform::new(1).rows(300, 4);
    let solvers: [(&dyn Solver, f64); 6] = [
        (&WolfeAtwood, 1e-8),
        (&PairwiseExchange, 1e-8),
        (&InteriorPoint, 1e-10),
        (&FixedPoint { iterate: Iterate::Last }, 1e-3),
        (&FixedPoint { iterate: Iterate::Average }, 1e-2),
        (&SafeDeletion { solver: FixedPoint { iterate: Iterate::Last }, period: 20 }, 1e-4),
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
