//! Why a path is not accepted, in words: the same with every TLS library.

use std::net::IpAddr;

use jit_trust::{AnchorKey, Certificate, PeerChain, Verification};
use pki_types::{CertificateDer, ServerName};

use super::key;
use crate::shown::{brief, shown};
use crate::time::{self, moment};

pub(super) const BAD_SIGNATURE: &str = "a signature in the chain does not fit the key of its issuer";
pub(super) const CA_AS_SERVER: &str = "the certificate is that of a CA, not of a server";
pub(super) const CRITICAL_EXTENSION: &str = "a certificate has a critical extension that is not understood";
pub(super) const ISSUER_IS_NO_CA: &str = "a certificate in the chain was issued by one that is no CA's";
pub(super) const NAME_NOT_PERMITTED: &str =
    "a CA in the chain is not allowed to issue for a name in the certificate";
pub(super) const NOT_FOR_SERVERS: &str = "a certificate in the chain is not for use with TLS servers";
/// The handshake broke off where the server had to sign.
pub(super) const NOT_ITS_KEY: &str = "the server does not hold the key of its certificate";
pub(super) const TOO_MANY_CAS: &str = "a CA in the chain has more CAs below it than its certificate allows";
pub(super) const UNREADABLE: &str = "a certificate in the chain is not encoded as it has to be";

/// Why a TLS library does not accept a path.
pub(super) enum Reason {
    UnknownIssuer,
    /// A certificate has expired, or is not valid yet; `None` where the library does not say which.
    Expired(Option<OutOfTime>),
    NotValidYet(Option<OutOfTime>),
    /// The certificate is for these names, as webpki writes them, and not for the host; `None` where the library does not
    /// say for which.
    OtherHost(Option<Vec<String>>),
    /// A signature does not fit, or the key is one that the library does not take: it does not say which.
    BadSignatureOrKey,
    CaAsServer,
    /// A certificate cannot be read.
    Unreadable,
    /// One that needs no more to be said.
    Plain(&'static str),
    /// In words of the library's own.
    Other(String),
}

/// A certificate was judged before or after its time.
#[derive(Clone, Copy)]
pub(super) struct OutOfTime {
    /// Its notBefore or notAfter.
    pub(super) limit: u64,
    /// As of when it was judged.
    pub(super) judged: u64,
}

impl Reason {
    pub(super) fn in_words(&self, verification: &Verification<'_>, store: &str) -> String {
        match self {
            Self::UnknownIssuer => unknown_issuer(verification, store),
            Self::Expired(told) => match told.or_else(|| first_expired(verification)) {
                Some(OutOfTime { limit, judged }) => format!(
                    "{} expired {}; it is judged as of {}",
                    whose(verification, |certificate| certificate.not_after() == Some(limit)),
                    time::expiry(limit),
                    moment(judged),
                ),
                None => "the root that the certificates lead to has expired".to_owned(),
            },
            Self::NotValidYet(told) => match told.or_else(|| first_not_valid_yet(verification)) {
                Some(OutOfTime { limit, judged }) => format!(
                    "{} is not valid before {}; it is judged as of {}",
                    whose(verification, |certificate| certificate.not_before()
                        == Some(limit)),
                    moment(limit),
                    moment(judged),
                ),
                None => "the root that the certificates lead to is not valid yet".to_owned(),
            },
            Self::OtherHost(told) => {
                let host = shown(verification.host);
                match told.clone().or_else(|| presented(verification)) {
                    Some(presented) if is_address_as_dns_name(verification.host, &presented) => format!(
                        "the certificate has the address {host} as a DNS name (dNSName), and addresses are not looked \
                         for there: expected it as an address (iPAddress, RFC 5280 section 4.2.1.6)"
                    ),
                    Some(presented) => {
                        format!("the certificate is for {}, not for {host}", names(&presented))
                    }
                    None => format!("the certificate is not for {host}"),
                }
            }
            Self::BadSignatureOrKey => match refused_key(verification) {
                Some(words) => words,
                None => BAD_SIGNATURE.to_owned(),
            },
            Self::CaAsServer => match verification.chain.and_then(|chain| chain.certificates().next()) {
                Some(own) if own.is_self_issued() => {
                    "the certificate is signed by itself and a CA's, which no server's may be".to_owned()
                }
                _ => CA_AS_SERVER.to_owned(),
            },
            Self::Unreadable => bad_date(verification).unwrap_or_else(|| {
                match verification.chain.map_or(0, PeerChain::skipped) {
                    0 => UNREADABLE.to_owned(),
                    1 => "a certificate that was sent after the first cannot be read".to_owned(),
                    many => format!("{many} certificates that were sent after the first cannot be read"),
                }
            }),
            Self::Plain(words) => (*words).to_owned(),
            Self::Other(words) => shown(words).to_string(),
        }
    }
}

/// The first certificate of the path that has expired. Where there is none, it was the root, which webpki takes at any
/// time.
fn first_expired(verification: &Verification<'_>) -> Option<OutOfTime> {
    let judged = time::now()?;
    let path = verification.chain?.path();
    let limit = path
        .filter_map(Certificate::not_after)
        .find(|not_after| *not_after <= judged)?;
    Some(OutOfTime { limit, judged })
}

/// The first certificate of the path that is not valid yet.
fn first_not_valid_yet(verification: &Verification<'_>) -> Option<OutOfTime> {
    let judged = time::now()?;
    let path = verification.chain?.path();
    let limit = path
        .filter_map(Certificate::not_before)
        .find(|not_before| *not_before > judged)?;
    Some(OutOfTime { limit, judged })
}

/// That the validity of a certificate of the path cannot be read, or begins or ends before 1970, if so: a library does
/// not say what it cannot read.
fn bad_date(verification: &Verification<'_>) -> Option<String> {
    let path = || verification.chain.into_iter().flat_map(PeerChain::path);
    let unreadable = path().find_map(|certificate| Some((certificate, time::unreadable_date(certificate)?)));
    let words = unreadable
        .or_else(|| path().find_map(|certificate| Some((certificate, time::date_before_1970(certificate)?))));
    let (certificate, words) = words?;
    Some(format!(
        "the certificate of \"{}\": {words}",
        certificate.subject()
    ))
}

/// That one of the path is signed by a key that is not taken, if so: nobody else has the name of its issuer.
pub(super) fn refused_key(verification: &Verification<'_>) -> Option<String> {
    let chain = verification.chain?;
    chain.path().find_map(|issued| {
        let name = issued.issuer();
        let sent = chain
            .certificates()
            .filter(|issuer| issuer.subject() == name)
            .map(Certificate::spki_value);
        let anchors = verification.candidates.iter();
        let anchors = anchors
            .filter(|anchor| anchor.subject() == name)
            .map(|anchor| anchor.spki_value());
        let refused: Option<Vec<usize>> = sent.chain(anchors).map(key::refused_rsa_bits).collect();
        let bits = *refused?.first()?;
        Some(format!("the key of \"{name}\" is {}", key::refused_rsa(bits)))
    })
}

/// The names that the server's certificate is for; `None` where webpki cannot read them, or finds the host among them.
fn presented(verification: &Verification<'_>) -> Option<Vec<String>> {
    let leaf = verification.chain?.certificates().next()?;
    let leaf = CertificateDer::from(leaf.as_der());
    let host = ServerName::try_from(verification.host).ok()?;
    let leaf = webpki::EndEntityCert::try_from(&leaf).ok()?;
    match leaf.verify_is_valid_for_subject_name(&host) {
        Err(webpki::Error::CertNotValidForName(context)) => Some(context.presented),
        _ => None,
    }
}

/// A root does not vouch for a certificate because of its date.
pub(crate) fn trusted_up_to(root: &str, store: &str, distrust_after: u64, issued_at: Option<u64>) -> String {
    let issued_at = issued_at.map_or_else(|| "at a time that cannot be read".to_owned(), moment);
    format!(
        "the root \"{root}\" in {store} is trusted only for certificates issued up to {}; this one was issued {issued_at}",
        moment(distrust_after)
    )
}

fn unknown_issuer(verification: &Verification<'_>, store: &str) -> String {
    let top = verification.chain.and_then(|chain| chain.path().last());
    let Some(top) = top else {
        return format!("no certificate leads to a root in {store}");
    };
    // One that is out for its date is there, whatever else is wrong with a path to it.
    let dated = verification.chain.and_then(|chain| {
        let mut named = verification.candidates.iter();
        named.find(|anchor| {
            anchor.subject() == top.issuer() && !anchor.permits_issuance_date(chain.issued_at())
        })
    });
    if let Some((dated, date)) = dated.and_then(|dated| Some((dated, dated.distrust_after()?))) {
        let issued_at = verification.chain.and_then(PeerChain::issued_at);
        let words = trusted_up_to(&dated.subject().to_string(), store, date, issued_at);
        return format!("{words}; and no valid path leads to a root that may be used");
    }
    let named = verification
        .candidates
        .iter()
        .filter(|anchor| anchor.subject() == top.issuer())
        .count();
    if verification.selected > 0 && named > 0 {
        let roots = if verification.selected == 1 {
            "root"
        } else {
            "roots"
        };
        return format!(
            "{} {roots} in {store} of the names asked for, but no valid path leads there; the last certificate \
             asks for \"{}\"",
            verification.selected,
            top.issuer()
        );
    }
    let path_len = verification.chain.map_or(0, |chain| chain.path().count());
    if top.is_self_issued() && path_len == 1 {
        return format!(
            "\"{}\" is signed by itself, and {store} does not hold it",
            top.subject()
        );
    }
    if top.is_self_issued() {
        return format!(
            "no root in {store} named \"{}\", though the server sent one of that name",
            top.subject()
        );
    }
    // A root that answers for another certificate, such as one sent along, tells of a gap below it.
    let hint = if path_len == 1 || verification.selected > 0 {
        "; or the server has left an intermediate certificate out"
    } else {
        ""
    };
    format!(
        "no root in {store} named \"{}\" (asked for by the certificate of \"{}\"{}){hint}",
        top.issuer(),
        top.subject(),
        asked_under(verification, top)
    )
}

/// Where a store on a server was looked into for the issuer of this certificate, if one was.
fn asked_under(verification: &Verification<'_>, certificate: &Certificate<'_>) -> String {
    let key = AnchorKey::Subject(certificate.issuer().hash());
    let asked = verification.queries.iter().find(|query| query.key == key);
    asked.map_or_else(String::new, |query| format!(", under {}", query.key))
}

/// The first certificate of the path that this is true of.
fn whose(verification: &Verification<'_>, is_it: impl Fn(&Certificate<'_>) -> bool) -> String {
    let chain = verification.chain.into_iter();
    let found = chain
        .flat_map(PeerChain::path)
        .find(|certificate| is_it(certificate));
    found.map_or_else(
        || "a certificate".to_owned(),
        |certificate| format!("the certificate of \"{}\"", certificate.subject()),
    )
}

/// Of a name as webpki gives it, `DnsName("a.test")`, what stands between the brackets and quotation marks.
fn inside(name: &str) -> &str {
    let inside = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inside.unwrap_or(name).trim_matches('"')
}

/// Whether the host is an address that the certificate has as a DNS name, where none is looked for.
fn is_address_as_dns_name(host: &str, presented: &[String]) -> bool {
    let Ok(host) = host.parse::<IpAddr>() else {
        return false;
    };
    let mut names = presented.iter().filter(|name| name.starts_with("DnsName"));
    names.any(|name| inside(name).parse() == Ok(host))
}

/// The names as webpki gives them, `DnsName("a.test")` and the like, in a readable form.
fn names(presented: &[String]) -> String {
    let bare = |name: &String| brief(inside(name)).to_string();
    match presented {
        [] => "no host at all".to_owned(),
        [many @ .., _] if many.len() >= 10 => {
            let first: Vec<String> = presented.iter().take(10).map(bare).collect();
            format!("{} and {} more", first.join(", "), presented.len() - 10)
        }
        few => few.iter().map(bare).collect::<Vec<_>>().join(", "),
    }
}
