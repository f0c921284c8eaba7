//! What a server of a web sends, made.

use std::cell::Cell;

use jit_trust_lab::pki::{
    AuthorityKeyId, BasicConstraints, Ca, CertificateBuilder, Extension, Leaf, garbage, oid,
};
use pki_types::CertificateDer;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use super::identity::{HOST, ISSUED, impostor, key, key_id_of, stranger};
use super::spec::{AuthorityId, Content, Flaw, Web, What, Who};
use super::store::Root;

/// The certificates that the server sends, in its order.
pub(super) fn sent(web: &Web, roots: &[Root]) -> Vec<CertificateDer<'static>> {
    let making = Making {
        roots,
        serial: Cell::new(0),
    };
    let mut path = vec![making.who(web.root, &[])];
    let mut sent = Vec::new();
    for member in &web.path {
        let ca = Ca::builder(stranger(member.identity).name()).key(key(member.identity.key));
        let ca = making.ca(ca, &member.content, &path[path.len() - 1]);
        let certificate = (member.place, member.content.flaw.on_the_way(ca.der()));
        sent.extend(vec![certificate; usize::from(member.copies)]);
        path.push(ca);
    }
    for other in &web.others {
        sent.push((other.place, making.other(&other.what, &path)));
    }
    sent.sort_by_key(|(place, _)| *place);

    let mut sent: Vec<_> = sent.into_iter().map(|(_, certificate)| certificate).collect();
    let place = usize::from(web.leaf_comes_second).min(sent.len());
    sent.insert(place, making.leaf(web, &path[path.len() - 1]));
    sent
}

/// Where the issuers of a web are found.
struct Making<'a> {
    roots: &'a [Root],
    /// The last serial number that was given out.
    serial: Cell<u8>,
}

impl Making<'_> {
    fn who(&self, who: Who, path: &[Ca]) -> Ca {
        match who {
            Who::Path(number) => path[usize::from(number) % path.len()].clone(),
            Who::Root(number) => self.roots[usize::from(number) % self.roots.len()].ca.clone(),
            Who::Stranger(identity) => stranger(identity).clone(),
            Who::Impostor(number) => impostor(number).clone(),
        }
    }

    fn other(&self, what: &What, path: &[Ca]) -> CertificateDer<'static> {
        match what {
            What::Cross {
                subject,
                issuer,
                content,
            } => {
                let (subject, issuer) = (self.who(*subject, path), self.who(*issuer, path));
                let ca = self.ca(subject.reissue(), content, &issuer);
                content.flaw.on_the_way(ca.der())
            }
            What::Root(number) => self.who(Who::Root(*number), path).der(),
            What::Mozilla(number) => {
                TLS_SERVER_ROOT_CERTS[usize::from(*number) % TLS_SERVER_ROOT_CERTS.len()].clone()
            }
            What::Noise => garbage::sequence_of_noise(200),
        }
    }

    fn ca(&self, builder: CertificateBuilder<Ca>, content: &Content, issuer: &Ca) -> Ca {
        let path_length = content.path_length;
        let builder = match content.flaw {
            Flaw::WrongRole => builder.basic_constraints(BasicConstraints::NotCa),
            _ => builder.basic_constraints(BasicConstraints::Ca { path_length }),
        };
        self.with_content(builder, content, content.validity.of_ca())
            .issued_by(issuer)
    }

    fn leaf(&self, web: &Web, issuer: &Ca) -> CertificateDer<'static> {
        let content = &web.leaf.content;
        let builder = Leaf::builder(&[HOST]).key(key(0));
        let builder = match content.flaw {
            Flaw::WrongRole => builder.basic_constraints(BasicConstraints::Ca { path_length: None }),
            _ => builder,
        };
        let validity = content.validity.from(ISSUED + web.leaf.issued);
        let leaf = self.with_content(builder, content, validity).issued_by(issuer);
        content.flaw.on_the_way(leaf.der())
    }

    fn with_content<T>(
        &self,
        builder: CertificateBuilder<T>,
        content: &Content,
        (not_before, not_after): (i64, i64),
    ) -> CertificateBuilder<T> {
        let (permitted, excluded) = content.constraints.permitted_and_excluded();
        self.serial.set(self.serial.get() + 1);
        let builder = builder
            .serial(&[1, self.serial.get()])
            .subject_key_id(content.subject_key_id.of_certificate())
            .authority_key_id(content.authority_key_id.of_certificate())
            .validity(not_before, not_after)
            .name_constraints(permitted, excluded);
        match content.flaw {
            Flaw::Forged => builder.forged(),
            Flaw::UnknownCriticalExtension => builder.extension(Extension::new(oid::MEANINGLESS, true, &[])),
            Flaw::None | Flaw::WrongRole | Flaw::Truncated => builder,
        }
    }
}

impl Flaw {
    fn on_the_way(&self, certificate: CertificateDer<'static>) -> CertificateDer<'static> {
        match self {
            Self::Truncated => garbage::truncated(&certificate, certificate.len() / 2),
            _ => certificate,
        }
    }
}

impl AuthorityId {
    fn of_certificate(self) -> AuthorityKeyId {
        match self {
            Self::Derived => AuthorityKeyId::Derived,
            Self::Absent => AuthorityKeyId::Absent,
            Self::Empty => AuthorityKeyId::Parts(None, None),
            Self::Wrong => AuthorityKeyId::KeyId(vec![9; 20]),
            Self::Long => AuthorityKeyId::KeyId(vec![7; 64]),
            Self::OfKey(key) => AuthorityKeyId::KeyId(key_id_of(key)),
            Self::IssuerAndSerial => AuthorityKeyId::IssuerAndSerial,
            Self::Both => AuthorityKeyId::Both,
            Self::IssuerAndSerialOf(identity) => {
                let other = stranger(identity);
                AuthorityKeyId::Parts(None, Some((other.name().clone(), other.serial().to_vec())))
            }
        }
    }
}
