//! Access tokens, and where secrets may come from.

use crate::support::{QUICKSTART, TestServer, Workplace};

fn applied() -> (TestServer, Workplace) {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    place.write("mintedge.toml", QUICKSTART);
    place.run("apply --yes --secrets-file secrets").success();
    let place = place.with_issued_secret("secrets");
    (server, place)
}

#[test]
fn a_token_comes_alone_or_with_its_parts() {
    let (server, place) = applied();
    let token = place.run("token --client-id quickstart").success();
    assert_eq!((token.matches('.').count(), token.lines().count()), (2, 1));

    let arguments =
        "token --client-id quickstart --scope orders:read --resource https://api.example.com --decode --json";
    let decoded = place.run(arguments).json();
    assert_eq!((&decoded["scope"], &decoded["expires_in"]), (&"orders:read".into(), &300.into()));
    assert_eq!(decoded["header"]["typ"], "at+jwt");
    assert_eq!(
        (&decoded["claims"]["iss"], &decoded["claims"]["sub"]),
        (&server.issuer().into(), &"quickstart".into())
    );
    let text = place.run("token --client-id quickstart --decode").success();
    assert!(text.contains("\"aud\": \"https://api.example.com\""), "{text}");
}

#[test]
fn refusals_are_told_with_their_code() {
    let (_server, place) = applied();
    let refusal = place.run("token --client-id quickstart --scope orders:raed --json").failure(4);
    assert!(refusal.contains("\"invalid_scope\"") && refusal.contains("\"exit_code\": 4"), "{refusal}");
    place.run("token --client-id quickstart --auth-method post").success();
    let created = place.run("clients create --client-id pinned --grant client_credentials --scope orders:read --auth-method client_secret_basic --json");
    let secret = created.json()["secret"]["client_secret"].as_str().map(str::to_owned).expect("a secret");
    let place = place.with("MINTEDGE_CLIENT_SECRET", &secret);
    let refusal = place.run("token --client-id pinned --auth-method post --json").failure(4);
    assert!(refusal.contains("\"invalid_client\"") && refusal.contains("client_secret_basic"), "{refusal}");
}

#[test]
fn a_client_that_posts_its_secret_can() {
    let (_server, place) = applied();
    let created = place.run("clients create --client-id poster --grant client_credentials --scope orders:read --auth-method client_secret_post --json");
    let secret = created.json()["secret"]["client_secret"].as_str().map(str::to_owned).expect("a secret");
    let place = place.with("MINTEDGE_CLIENT_SECRET", &secret);
    place.run("token --client-id poster --auth-method post").success();
}

#[test]
fn the_secret_comes_from_the_environment_or_standard_input_and_never_shows() {
    let (_server, place) = applied();
    let secret = place.issued_secret("secrets");
    let bare = place.without("MINTEDGE_CLIENT_SECRET");
    assert!(bare.run("token --client-id quickstart").failure(64).contains("MINTEDGE_CLIENT_SECRET"));
    assert!(bare.run("token --client-id quickstart --secret-stdin").failure(64).contains("holds no secret"));
    let outcome = bare
        .run_with_input(&["token", "--client-id", "quickstart", "--secret-stdin"], &format!("{secret}\n"));
    assert!(!outcome.stderr.contains(&secret) && !outcome.success().contains(&secret));
    let wrong =
        bare.run_with_input(&["token", "--client-id", "quickstart", "--secret-stdin"], "not-the-secret");
    assert!(!wrong.stderr.contains("not-the-secret"), "{wrong:?}");
    assert!(
        bare.run("token --client-id quickstart --client-secret x")
            .failure(64)
            .contains("unexpected argument")
    );
}
