//! Name constraints: as webpki and OpenSSL have them, or stricter.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::net::IpAddr;

use jit_trust_core::{Certificate, NameConstraintsError, NameForm, check_name_constraints};
use jit_trust_lab::pki::{Attribute, Ca, Extension, Leaf, Name, der, now, oid};
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::{X509, X509StoreContext};
use pki_types::{CertificateDer, UnixTime};
use proptest::collection::vec;
use proptest::prelude::*;
use webpki::{EndEntityCert, KeyUsage};

/// A GeneralName, encoded.
type GeneralName = Vec<u8>;

const EMAIL_ADDRESS: &str = "1.2.840.113549.1.9.1";

fn email(address: &str) -> GeneralName {
    der::context_primitive(1, address.as_bytes())
}

fn dns(name: &str) -> GeneralName {
    der::context_primitive(2, name.as_bytes())
}

fn directory(name: &Name) -> GeneralName {
    der::context(4, name.der())
}

fn uri(uri: &str) -> GeneralName {
    der::context_primitive(6, uri.as_bytes())
}

fn ip(octets: &[u8]) -> GeneralName {
    der::context_primitive(7, octets)
}

/// Name constraints as a trust anchor carries them.
fn constraints(permitted: &[GeneralName], excluded: &[GeneralName]) -> Vec<u8> {
    let list = |number, bases: &[GeneralName]| {
        let subtrees: Vec<u8> = bases.iter().flat_map(|base| der::sequence(&[base])).collect();
        match bases {
            [] => Vec::new(),
            _ => der::context(number, &subtrees),
        }
    };
    [list(0, permitted), list(1, excluded)].concat()
}

fn names(names: &[GeneralName]) -> Extension {
    Extension::new(oid::SUBJECT_ALT_NAME, false, &der::sequence(&[&names.concat()]))
}

/// A leaf of these subject alternative names.
fn leaf_of(
    subject: impl Into<Name>,
    alternative: &[GeneralName],
) -> jit_trust_lab::pki::CertificateBuilder<Leaf> {
    let leaf = Leaf::builder(&[]).subject(subject);
    if alternative.is_empty() {
        leaf
    } else {
        leaf.extension(names(alternative))
    }
}

fn ours(constraints: &[u8], leaf: &CertificateDer<'_>) -> Result<(), NameConstraintsError> {
    check_name_constraints(Some(constraints), &[Certificate::from_der(leaf).unwrap()])
}

fn webpkis(root: &Ca, constraints: &[u8], leaf: &CertificateDer<'_>) -> Result<(), webpki::Error> {
    let root = root.der();
    let mut anchor = webpki::anchor_from_trusted_cert(&root).unwrap();
    anchor.name_constraints = Some(constraints.into());
    let algorithms = webpki::ALL_VERIFICATION_ALGS;
    let usage = KeyUsage::server_auth();
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(now().try_into().unwrap()));
    let leaf = EndEntityCert::try_from(leaf).unwrap();
    leaf.verify_for_usage(algorithms, &[anchor], &[], time, usage, None, None)
        .map(|_| ())
}

/// The verdict of OpenSSL on a chain whose root is the last.
fn openssls(chain: &[CertificateDer<'_>]) -> bool {
    let chain: Vec<_> = chain.iter().map(|der| X509::from_der(der).unwrap()).collect();
    let [leaf, others @ .., root] = &*chain else {
        unreachable!()
    };
    let mut store = X509StoreBuilder::new().unwrap();
    store.add_cert(root.clone()).unwrap();
    let mut untrusted = Stack::new().unwrap();
    others
        .iter()
        .for_each(|other| untrusted.push(other.clone()).unwrap());
    let mut context = X509StoreContext::new().unwrap();
    let verify = |context: &mut openssl::x509::X509StoreContextRef| context.verify_cert();
    context.init(&store.build(), leaf, &untrusted, verify).unwrap()
}

fn a_domain() -> impl Strategy<Value = String> {
    vec(prop_oneof![8 => "[abB]", 1 => "[a-c][a_-]{0,2}[bc]"], 1..4).prop_map(|labels| labels.join("."))
}

fn a_dns_name() -> impl Strategy<Value = String> {
    let wildcard = (a_domain(), a_domain()).prop_map(|(one, other)| format!("*.{one}.{other}"));
    prop_oneof![6 => a_domain(), 3 => wildcard, 1 => "[ab.]{0,3}[.][ab]?", 1 => "[a*][*.]a[.]b"]
}

fn a_dns_base() -> impl Strategy<Value = String> {
    let below = a_domain().prop_map(|domain| format!(".{domain}"));
    prop_oneof![6 => a_domain(), 3 => below, 1 => Just(String::new()), 1 => "[ab.*]{1,3}"]
}

fn an_ip() -> impl Strategy<Value = Vec<u8>> {
    let bytes = |len| vec(prop_oneof![Just(0_u8), Just(0x80), Just(0xff)], len);
    prop_oneof![6 => bytes(4), 3 => bytes(16), 1 => bytes(5)]
}

fn a_network() -> impl Strategy<Value = Vec<u8>> {
    let network = |len: usize| {
        let bytes = vec(prop_oneof![Just(0_u8), Just(0x80), Just(0xff)], len);
        (bytes, 0..=len * 8).prop_map(move |(address, ones)| {
            let mask = (0..len).map(|byte| match ones.saturating_sub(byte * 8) {
                8.. => 0xff,
                ones => !(0xff_u16 >> ones) as u8,
            });
            address.iter().copied().chain(mask).collect::<Vec<u8>>()
        })
    };
    prop_oneof![6 => network(4), 3 => network(16), 1 => vec(any::<u8>(), 7..=9)]
}

fn a_name() -> impl Strategy<Value = GeneralName> {
    prop_oneof![
        6 => a_dns_name().prop_map(|name| dns(&name)),
        3 => an_ip().prop_map(|octets| ip(&octets)),
        1 => Just(email("a@a.b")),
        1 => Just(uri("https://a.b/")),
    ]
}

fn a_base() -> impl Strategy<Value = GeneralName> {
    prop_oneof![
        6 => a_dns_base().prop_map(|name| dns(&name)),
        3 => a_network().prop_map(|network| ip(&network)),
        1 => Just(email("a.b")),
        1 => Just(uri("a.b")),
    ]
}

fn an_attribute() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        Just("Example"),
        Just("EXAMPLE"),
        Just(" example"),
        Just("Ex  ample"),
        Just("Other"),
        Just("\u{e9}"),
        Just("\u{c9}")
    ];
    let tag = prop_oneof![4 => Just(0x0c_u8), 4 => Just(0x13), 1 => Just(0x16)];
    let id = prop_oneof![Just("2.5.4.10"), Just("2.5.4.11")];
    (id, tag, text).prop_map(|(id, tag, text)| {
        der::sequence(&[&der::object_identifier(id), &der::tlv(tag, text.as_bytes())])
    })
}

fn a_directory_name() -> impl Strategy<Value = Name> {
    let part = vec(an_attribute(), 1..=2).prop_map(|mut attributes| {
        attributes.sort();
        let attributes: Vec<_> = attributes.iter().map(Vec::as_slice).collect();
        der::set(&attributes)
    });
    vec(part, 0..4).prop_map(|parts| {
        let parts: Vec<_> = parts.iter().map(Vec::as_slice).collect();
        Name::from_der(&der::sequence(&parts))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn dns_names_and_addresses_are_judged_as_webpki_judges_them(
        alternative in vec(a_name(), 1..4),
        permitted in vec(a_base(), 0..4),
        excluded in vec(a_base(), 0..3),
    ) {
        let root = Ca::root("Root");
        let leaf = leaf_of("Leaf", &alternative).issued_by(&root).der();
        let constraints = constraints(&permitted, &excluded);
        let (ours, webpkis) = (ours(&constraints, &leaf), webpkis(&root, &constraints, &leaf));
        // webpki looks at a mask only as far as the address fits; what is no mask is not understood here in any case.
        let is_no_mask = ours == Err(NameConstraintsError::NotUnderstood(NameForm::IpAddress));
        prop_assert!(
            is_no_mask || ours.is_ok() == webpkis.is_ok(),
            "we say {:?}, webpki says {:?}", ours, webpkis
        );
    }

    #[test]
    fn whatever_conforms_does_so_for_openssl_too(
        subject in a_directory_name(),
        alternative in vec(prop_oneof![a_name(), a_directory_name().prop_map(|name| directory(&name))], 0..3),
        permitted in vec(prop_oneof![a_base(), a_directory_name().prop_map(|name| directory(&name))], 0..3),
        excluded in vec(prop_oneof![a_base(), a_directory_name().prop_map(|name| directory(&name))], 0..2),
    ) {
        let constraints = constraints(&permitted, &excluded);
        let extension = Extension::new(oid::NAME_CONSTRAINTS, true, &der::sequence(&[&constraints]));
        let root = Ca::root("Root");
        let ca = Ca::builder("CA").extension(extension).issued_by(&root);
        let leaf = leaf_of(&subject, &alternative).issued_by(&ca);
        let chain = [leaf.der(), ca.der(), root.der()];
        let path: Vec<_> = chain[..2].iter().map(|der| Certificate::from_der(der).unwrap()).collect();
        let ours = check_name_constraints(None, &path);
        prop_assert!(ours.is_err() || openssls(&chain), "it is refused by OpenSSL alone");
    }

    #[test]
    fn whatever_the_constraints_are_there_is_an_answer(constraints in vec(any::<u8>(), 0..64), cut in 0..4_usize) {
        let leaf = leaf_of("Leaf", &[dns("a.test")]).self_signed().der();
        let _ = ours(&constraints, &leaf);
        let mut damaged = self::constraints(&[dns("a.test"), ip(&[0; 8])], &[directory(&Name::from("b"))]);
        if let (Some(byte), Some(at)) = (constraints.first(), constraints.get(1)) {
            let at = usize::from(*at) % damaged.len();
            damaged[at] = *byte;
        }
        damaged.truncate(damaged.len() - cut);
        let _ = ours(&damaged, &leaf);
    }
}

#[test]
fn a_wildcard_is_excluded_with_anything_that_it_stands_for() {
    let leaf = leaf_of("Leaf", &[dns("*.a.test")]).self_signed().der();
    let is_excluded = |base: &str| ours(&constraints(&[], &[dns(base)]), &leaf).is_err();
    assert!(
        ["a.test", ".a.test", "test", "www.a.test", "WWW.A.TEST", ""]
            .into_iter()
            .all(is_excluded)
    );
    assert!(!["b.test", "w.www.a.test", "aa.test"].into_iter().any(is_excluded));
    let is_permitted = |base: &str| ours(&constraints(&[dns(base)], &[]), &leaf).is_ok();
    assert!(["a.test", ".a.test", "test", ""].into_iter().all(is_permitted));
    assert!(!["www.a.test", "b.test", "aa.test"].into_iter().any(is_permitted));
}

#[test]
fn a_directory_name_is_permitted_when_it_begins_with_the_same_attributes() {
    let name = |last: &[Attribute]| {
        let mut attributes = std::vec![Attribute::organization("Example")];
        attributes.extend_from_slice(last);
        Name::of(&attributes)
    };
    let constraints = constraints(&[directory(&name(&[]))], &[]);
    let leaf = |subject: Name| leaf_of(&subject, &[dns("a.test")]).self_signed().der();
    assert_eq!(
        ours(&constraints, &leaf(name(&[Attribute::common_name("a.test")]))),
        Ok(())
    );
    assert_eq!(ours(&constraints, &leaf(Name::empty())), Ok(()));
    assert_eq!(
        ours(&constraints, &leaf(Name::from("a.test"))),
        Err(NameConstraintsError::NotPermitted(NameForm::Directory))
    );
}

#[test]
fn a_directory_name_is_excluded_however_it_is_written() {
    let excluded = |text: &str| constraints(&[], &[directory(&Name::of(&[Attribute::organization(text)]))]);
    let leaf = |text: &str| {
        let subject = Name::of(&[Attribute::organization(text), Attribute::common_name("a")]);
        leaf_of(&subject, &[dns("a.test")]).self_signed().der()
    };
    let is_excluded = Err(NameConstraintsError::Excluded(NameForm::Directory));
    assert_eq!(ours(&excluded("Example"), &leaf(" EXAMPLE ")), is_excluded);
    assert_eq!(ours(&excluded("\u{e9}"), &leaf("\u{c9}")), is_excluded);
    assert_eq!(ours(&excluded("Example"), &leaf("Example 2")), Ok(()));
}

#[test]
fn a_common_name_counts_as_a_dns_name_where_there_is_no_other() {
    let constraints = constraints(&[dns("a.test")], &[]);
    let not_permitted = Err(NameConstraintsError::NotPermitted(NameForm::Dns));
    let leaf = |subject: &str, alternative: &[GeneralName]| leaf_of(subject, alternative).self_signed().der();
    assert_eq!(ours(&constraints, &leaf("b.test", &[])), not_permitted);
    assert_eq!(ours(&constraints, &leaf("www.a.test", &[])), Ok(()));
    assert_eq!(ours(&constraints, &leaf("b.test", &[dns("a.test")])), Ok(()));
    // That it has a name is said by an extension without one.
    let empty = Leaf::builder(&[]).subject("b.test").extension(names(&[]));
    assert_eq!(ours(&constraints, &empty.self_signed().der()), Ok(()));
}

#[test]
fn an_email_address_in_a_subject_counts() {
    let constraints = constraints(&[], &[email("elsewhere.test")]);
    let subject = der::sequence(&[&der::set(&[&der::sequence(&[
        &der::object_identifier(EMAIL_ADDRESS),
        &der::tlv(0x16, b"a@a.test"),
    ])])]);
    let leaf = leaf_of(Name::from_der(&subject), &[dns("a.test")]).self_signed();
    let not_understood = Err(NameConstraintsError::NotUnderstood(NameForm::Email));
    assert_eq!(ours(&constraints, &leaf.der()), not_understood);
}

#[test]
fn a_minimum_is_refused() {
    let subtree = der::sequence(&[&dns("a.test"), &der::context_primitive(0, &[1])]);
    let leaf = leaf_of("Leaf", &[dns("a.test")]).self_signed().der();
    assert_eq!(
        ours(&der::context(0, &subtree), &leaf),
        Err(NameConstraintsError::Malformed)
    );
}

#[test]
fn constraints_bind_what_is_below_and_nothing_else() {
    let constrained = |permitted: &str| {
        let constraints = constraints(&[dns(permitted)], &[]);
        Extension::new(oid::NAME_CONSTRAINTS, false, &der::sequence(&[&constraints]))
    };
    let root = Ca::root("Root");
    let upper = Ca::builder("Upper")
        .extension(constrained("test"))
        .issued_by(&root);
    let lower = Ca::builder("Lower")
        .extension(constrained("a.test"))
        .issued_by(&upper);
    let check = |leaf: &str, cas: &[&Ca]| {
        let chain = lower.leaf(leaf).chain(cas);
        let path: Vec<_> = chain
            .iter()
            .map(|der| Certificate::from_der(der).unwrap())
            .collect();
        check_name_constraints(None, &path)
    };
    let not_permitted = Err(NameConstraintsError::NotPermitted(NameForm::Dns));
    assert_eq!(check("a.test", &[&lower, &upper]), Ok(()));
    assert_eq!(check("b.test", &[&lower, &upper]), not_permitted);
    // A leaf's own constraints, and those of a CA on nobody's path, bind nobody.
    assert_eq!(check("b.test", &[]), Ok(()));
}

#[test]
fn a_self_issued_intermediate_is_not_bound_by_the_names_of_its_own() {
    let constraints = constraints(
        &[directory(&Name::of(&[Attribute::organization("Customer")]))],
        &[],
    );
    let extension = Extension::new(oid::NAME_CONSTRAINTS, true, &der::sequence(&[&constraints]));
    let root = Ca::root("Root");
    let old = Ca::builder("CA").extension(extension).issued_by(&root);
    let new = Ca::builder("CA").issued_by(&old);
    let subject = Name::of(&[
        Attribute::organization("Customer"),
        Attribute::common_name("a.test"),
    ]);
    let leaf = leaf_of(&subject, &[dns("a.test")]).issued_by(&new);
    let chain = leaf.chain(&[&new, &old]);
    let path: Vec<_> = chain
        .iter()
        .map(|der| Certificate::from_der(der).unwrap())
        .collect();
    assert_eq!(check_name_constraints(None, &path), Ok(()));
    assert!(openssls(&[&*chain, &[root.der()]].concat()));
}

#[test]
fn a_path_with_too_many_names_and_constraints_is_refused() {
    let many: Vec<_> = (0..2000).map(|number| dns(&format!("a{number}.test"))).collect();
    let leaf = leaf_of("Leaf", &many).self_signed().der();
    assert_eq!(
        ours(&constraints(&[], &many[..1000]), &leaf),
        Err(NameConstraintsError::Excluded(NameForm::Dns))
    );
    let others: Vec<_> = (0..1000).map(|number| dns(&format!("b{number}.test"))).collect();
    assert_eq!(
        ours(&constraints(&[], &others), &leaf),
        Err(NameConstraintsError::TooMany)
    );
}

#[test]
fn a_certificate_is_for_the_addresses_among_its_names() {
    let leaf = Ca::root("Root").leaf_for(&["a.test", "127.0.0.1", "::1"]).der();
    let leaf = Certificate::from_der(&leaf).unwrap();
    let is_for = |address: &str| leaf.is_for_ip_address(address.parse::<IpAddr>().unwrap());
    assert!(is_for("127.0.0.1") && is_for("::1"));
    assert!(!is_for("127.0.0.2") && !is_for("::ffff:127.0.0.1"));
    let root = Ca::builder("127.0.0.1").version_1().self_signed().der();
    let root = Certificate::from_der(&root).unwrap();
    assert!(root.subject_alt_names().is_none() && !root.is_for_ip_address("127.0.0.1".parse().unwrap()));
}
