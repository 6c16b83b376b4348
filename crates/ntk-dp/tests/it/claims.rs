use ntk_dp::claims::CLAIMS;

#[test]
fn claims_have_permanent_unique_names_and_say_something() {
    assert_eq!(dp_claims::malformed_ids(CLAIMS), Vec::<&str>::new());
    for claim in CLAIMS {
        assert!(claim.id.starts_with("ntk."));
        assert!(
            !claim.statement.is_empty() && !claim.source.work.is_empty() && !claim.source.result.is_empty()
        );
    }
}
