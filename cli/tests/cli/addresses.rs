//! Servers behind private authorities and proxies.

use crate::support::{QUICKSTART, TestServer, TlsProxy, Workplace};

const ISSUER: &str = "https://id.example.test";

#[test]
fn a_server_behind_a_proxy_with_a_private_authority_is_configured_and_gives_a_token() {
    let server = TestServer::start_as(ISSUER);
    let proxy = TlsProxy::before(&server);
    let place = Workplace::for_server(&server).with("MINTEDGE_ADDRESS", &proxy.address);
    place.write("ca.pem", &proxy.authority);
    place.write("mintedge.toml", &format!("issuer = \"{ISSUER}\"\n{QUICKSTART}"));
    let refusal = place.run("plan").failure(6);
    assert!(
        refusal.contains("can't reach https://localhost:") && refusal.contains("ertificate"),
        "{refusal}"
    );

    place.run("apply --yes --secrets-file secrets --ca-certificate ca.pem").success();
    let place = place.without("MINTEDGE_ISSUER").with("MINTEDGE_CA_CERTIFICATE", "ca.pem");
    assert!(place.run("clients list").success().contains("quickstart"));
    let place = place.with_issued_secret("secrets");
    let token = place.run("token --client-id quickstart --scope orders:read --decode --json").json();
    assert_eq!(token["claims"]["iss"], ISSUER, "the issuer is the server's own, not the address");
}

#[test]
fn certificates_of_the_system_count_too() {
    let server = TestServer::start_as(ISSUER);
    let proxy = TlsProxy::before(&server);
    let place = Workplace::for_server(&server).with("MINTEDGE_ADDRESS", &proxy.address);
    place.write("system.pem", &proxy.authority);
    let place = place.with("SSL_CERT_FILE", "system.pem");
    place.run("clients list").success();
}

#[test]
fn another_server_at_the_address_gets_no_credential() {
    let server = TestServer::start_as(ISSUER);
    let place =
        Workplace::for_server(&server).with("MINTEDGE_ADDRESS", &format!("http://{}", server.address()));
    place.run("clients list").success();
    let place = place.with("MINTEDGE_ISSUER", "https://auth.example.com");
    let refusal = place.run("clients list").failure(64);
    assert!(refusal.contains(ISSUER) && refusal.contains("https://auth.example.com is meant"), "{refusal}");
    let place = place.with("MINTEDGE_ADDRESS", "http://10.0.0.1");
    assert!(place.run("clients list").failure(64).contains("https"));
    place.write("empty.pem", "nothing");
    let place = place.with("MINTEDGE_ADDRESS", "https://localhost:9");
    let refusal = place.run("clients list --ca-certificate empty.pem").failure(64);
    assert!(refusal.contains("no certificate"), "{refusal}");
}
