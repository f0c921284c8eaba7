//! The chains that two real servers sent, in every order, and with every certificate lost, doubled or spoilt.

use jit_trust_lab::pki::garbage;
use pki_types::CertificateDer;
use pki_types::pem::PemObject;

use crate::question::Request;
use crate::stores;
use crate::verifiers::Verifiers;

/// A chain, and a time at which it is valid and one at which its leaf has expired.
struct Real {
    host: &'static str,
    valid: i64,
    expired: i64,
}

const REAL: [Real; 2] = [
    Real {
        host: "aws.amazon.com",
        valid: 1_767_225_600,
        expired: 1_792_281_599 + 3_600,
    },
    Real {
        host: "letsencrypt.org",
        valid: 1_775_001_600,
        expired: 1_780_765_469 + 3_600,
    },
];

type Chain = Vec<CertificateDer<'static>>;

/// Hands each chain to `look`, with verifiers that trust Mozilla's list.
fn for_each_real_chain(look: impl Fn(&Verifiers, &Real, &Chain)) {
    let Some(chains) = stores::shared_data("chains") else {
        return;
    };
    let verifiers = Verifiers::new(&[]);
    for real in &REAL {
        let pem = CertificateDer::pem_file_iter(chains.join(format!("{}.pem", real.host))).unwrap();
        let sent = pem.map(|certificate| certificate.unwrap()).collect();
        look(&verifiers, real, &sent);
    }
}

#[test]
fn a_real_chain_is_accepted_in_every_order_while_it_is_valid_and_refused_after() {
    for_each_real_chain(|verifiers, real, sent| {
        for sent_otherwise in orders(sent) {
            let accepted = verifiers.agree(&sent_otherwise, real.host, real.valid);
            // The first is the server's own, whatever stands there.
            assert_eq!(accepted.is_ok(), sent_otherwise[0] == sent[0]);
            verifiers
                .agree(&sent_otherwise, real.host, real.expired)
                .unwrap_err();
            verifiers
                .agree(&sent_otherwise, "other.example", real.valid)
                .unwrap_err();
        }
    });
}

#[test]
fn a_real_chain_in_any_order_of_which_a_certificate_is_lost_or_doubled_or_spoilt_is_judged_alike() {
    for_each_real_chain(|verifiers, real, sent| {
        let mut accepted = 0;
        let mut asked = 0;
        for sent in orders(sent) {
            for changed in (0..sent.len()).flat_map(|place| changes(&sent, place)) {
                for time in [real.valid, real.expired] {
                    accepted += usize::from(verifiers.agree(&changed, real.host, time).is_ok());
                    asked += 1;
                }
            }
        }
        assert!(accepted > 0 && accepted < asked, "{accepted} accepted of {asked}");
    });
}

#[test]
fn a_real_chain_of_which_any_byte_is_another_is_judged_alike() {
    for_each_real_chain(|verifiers, real, sent| {
        for certificate in 0..sent.len() {
            for byte in 0..sent[certificate].len() {
                let mut sent = sent.clone();
                let mut der = sent[certificate].to_vec();
                // One bit, and not always the same one.
                der[byte] ^= 1 << (byte % 8);
                sent[certificate] = der.into();
                // Another bit each time, and it comes round to each library.
                let question = Request::new(&sent, real.host, real.valid);
                let _ = match byte % 7 {
                    0 => verifiers.agree_on(&question),
                    _ => verifiers.agree_by_rustls(&question),
                };
            }
        }
    });
}

/// The chain in every order.
fn orders(chain: &Chain) -> Vec<Chain> {
    let [] = chain.as_slice() else {
        let firsts = 0..chain.len();
        return firsts
            .flat_map(|first| {
                let mut rest = chain.clone();
                let first = rest.remove(first);
                let orders = orders(&rest).into_iter();
                orders.map(move |rest| [vec![first.clone()], rest].concat())
            })
            .collect();
    };
    vec![Chain::new()]
}

/// The chain with the certificate at `place` lost, doubled here and at the end, and replaced by garbage.
fn changes(chain: &Chain, place: usize) -> Vec<Chain> {
    let certificate = &chain[place];
    let with = |replacement: &[CertificateDer<'static>]| {
        let mut changed = chain.clone();
        changed.splice(place..=place, replacement.iter().cloned());
        changed
    };
    let mut changes = vec![
        with(&[certificate.clone(), certificate.clone()]),
        [chain.clone(), vec![certificate.clone()]].concat(),
        with(&[garbage::truncated(certificate, certificate.len() / 2)]),
        with(&[garbage::sequence_of_noise(300)]),
        with(&[CertificateDer::from(Vec::new())]),
    ];
    if chain.len() > 1 {
        changes.push(with(&[]));
    }
    changes
}
