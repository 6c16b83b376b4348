use poly_kernel::claims::CLAIMS;

#[test]
fn claims_have_permanent_unique_names_and_say_something() {
    assert_eq!(dp_claims::malformed_ids(CLAIMS), Vec::<&str>::new());
    assert_eq!(CLAIMS.len(), 23);
    for claim in CLAIMS {
        assert!(claim.id.starts_with("kernel."));
        assert!(
            !claim.statement.is_empty() && !claim.source.work.is_empty() && !claim.source.result.is_empty()
        );
    }
}
