use super::*;

fn builder(url: &str) -> RemoteStoreBuilder {
    RemoteStore::builder(url).provider(Arc::new(aws_lc_rs::default_provider()))
}

const URL: &str = "https://trust.test";

#[test]
fn a_store_without_a_ca_to_trust_is_not_built() {
    for builder in [builder(URL), builder(URL).trust_certificates([[0; 0]; 0])] {
        let error = builder.build().unwrap_err();
        assert!(matches!(error, RemoteError::NoTrust), "{error:?}");
    }
}

#[test]
fn a_ca_that_cannot_be_read_is_an_error_even_beside_one_that_can() {
    let good = Ca::root("Webroot operator");
    let broken = "-----BEGIN CERTIFICATE-----\nMIIB\n";
    for pem in ["", "no PEM", broken, &format!("{}{broken}", good.pem())] {
        let error = builder(URL)
            .trust_certificates([good.der()])
            .trust_pem(pem.as_bytes())
            .build();
        let error = error.unwrap_err();
        assert!(matches!(error, RemoteError::Trust(_)), "{pem}: {error:?}");
    }
    let error = builder(URL).trust_certificates([&*good.der(), b"no DER"]).build();
    assert!(matches!(error, Err(RemoteError::Trust(_))), "{error:?}");
}

#[test]
fn a_timeout_of_zero_is_refused_and_one_without_end_is_not() {
    let builder = || builder(URL).trust_pem(Ca::root("Webroot operator").pem().as_bytes());
    let nothing = builder().query_timeout(Duration::ZERO).build();
    assert!(matches!(nothing, Err(RemoteError::NoTime)), "{nothing:?}");
    let nothing = builder().connect_timeout(Duration::ZERO).build();
    assert!(matches!(nothing, Err(RemoteError::NoTime)), "{nothing:?}");
    let endless = builder()
        .connect_timeout(Duration::MAX)
        .query_timeout(Duration::MAX);
    endless.build().unwrap();
}

#[test]
fn without_a_provider_of_cryptography_the_error_says_what_to_do() {
    let builder = RemoteStore::builder(URL).trust_certificates([Ca::root("Webroot operator").der()]);
    let error = builder.build().unwrap_err();
    assert!(
        error.to_string().contains("CryptoProvider::install_default"),
        "{error}"
    );
}

#[test]
fn a_password_in_the_url_is_refused_and_shown_nowhere() {
    let builder = builder("https://me:secret@trust.test").trust_certificates([Ca::root("Operator").der()]);
    let shown = format!("{builder:?}");
    let error = builder.build().unwrap_err();
    assert!(matches!(error, RemoteError::Url(_)), "{error:?}");
    let shown = format!("{shown} {error} {error:?}");
    assert!(!shown.contains("secret"), "{shown}");
}
