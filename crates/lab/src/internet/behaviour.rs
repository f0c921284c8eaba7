//! The behaviour of the sites on a request or, for some, on a ClientHello.

use crate::server::{Greeting, Request, Response, Version};

/// The behaviour of a host.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Behaviour {
    /// Answers 200.
    Answers,
    /// Redirects to `www.` and its own name, 301.
    RedirectsToWww,
    /// Redirects to this host, of another owner and under another root, 301.
    RedirectsTo(&'static str),
    /// Redirects to the same URL, 302, and sets a cookie, until that is sent back; then it answers 200.
    RedirectsToItself,
    /// Answers 403 to who doesn't pass for a browser, whose `User-Agent` begins with `Mozilla/`; 200 to others.
    RefusesUserAgents,
    /// Never answers over HTTP/1.1, and 403 over HTTP/2.
    SilentOverHttp1,
    /// Completes the TLS handshake and never answers a request.
    NeverAnswers,
    /// Accepts the connection and never answers the ClientHello.
    NeverShakesHands,
    /// Presents a certificate that has expired. It would answer 200.
    Expired,
}

/// The cookie of [`Behaviour::RedirectsToItself`].
const COOKIE: &str = "visited";

impl Behaviour {
    /// The behaviour of a host by the comments of the reference, which names it with or without `www.`, or by other knowledge;
    /// `None` for other hosts.
    pub(super) fn known(host: &str) -> Option<Self> {
        Some(match host {
            // "redirect-> www.then h1: timeout, h2: 403 forbidden... geolocated?"
            "bestbuy.com" => Self::RedirectsToWww,
            "www.bestbuy.com" => Self::SilentOverHttp1,
            // "Continuously redirects to self... sends set-cookie that we don't return yet"
            "caixa.gov.br" | "www.caixa.gov.br" => Self::RedirectsToItself,
            // "with or without www. server does not reply within 15s on h1, sends 403 OK on h2"
            "costco.com" | "www.costco.com" => Self::SilentOverHttp1,
            // "www. served correctly, base domain is misconfigured with expired cert"
            "foodnetwork.com" => Self::Expired,
            "www.foodnetwork.com" => Self::Answers,
            // "www. served correctly, base domain is misconfigured with nonresponsive server"
            "ikea.com" => Self::NeverShakesHands,
            "www.ikea.com" => Self::Answers,
            // "Continuously redirects to self... www. same, curl acts same but OK if given -b -c"
            "macys.com" | "www.macys.com" => Self::RedirectsToItself,
            // "OK with www., without www. TLS trust works fine but server does not reply"
            "programme-tv.net" => Self::NeverAnswers,
            "www.programme-tv.net" => Self::Answers,
            // "Needs www. else server doesn't respond in 15s, sends 403 on h2"
            "usnews.com" => Self::SilentOverHttp1,
            "www.usnews.com" => Self::Answers,
            // Not from the reference: both have lived on under another name.
            "gamepedia.com" => Self::RedirectsTo("fandom.com"),
            "bbc.co.uk" => Self::RedirectsTo("www.bbc.com"),
            "fandom.com" => Self::RedirectsToWww,
            "www.fandom.com" | "www.bbc.com" => Self::Answers,
            _ => return None,
        })
    }

    /// Whether the host has HTTP/2: the reference's table leaves that open for one, and says nothing of why.
    pub(super) fn speaks_http2(host: &str) -> bool {
        !matches!(host, "onet.pl" | "www.onet.pl")
    }

    pub(super) fn greeting(self, host: &str) -> Greeting {
        match self {
            Self::NeverShakesHands => Greeting::Silence,
            _ if !Self::speaks_http2(host) => Greeting::Http1Only,
            _ => Greeting::Handshake,
        }
    }

    /// The answer of a host that behaves so.
    pub(super) fn answer(self, host: &str, request: &Request) -> Response {
        match self {
            Self::Answers | Self::Expired => page(host),
            Self::RedirectsToWww => Response::redirect(301, &elsewhere(request, &format!("www.{host}"))),
            Self::RedirectsTo(other) => Response::redirect(301, &elsewhere(request, other)),
            Self::RedirectsToItself if request.cookie(COOKIE).is_some() => page(host),
            Self::RedirectsToItself => Response::redirect(302, &elsewhere(request, host))
                .header("set-cookie", &format!("{COOKIE}=1; Path=/; Secure; HttpOnly")),
            Self::RefusesUserAgents => match request.header("user-agent") {
                Some(agent) if agent.starts_with("Mozilla/") => page(host),
                _ => Response::status(403),
            },
            Self::SilentOverHttp1 if request.version == Version::Http2 => Response::status(403),
            Self::SilentOverHttp1 | Self::NeverAnswers | Self::NeverShakesHands => Response::never(),
        }
    }
}

fn page(host: &str) -> Response {
    Response::ok(format!("<!doctype html>\n<title>{host}</title>\n"))
        .header("content-type", "text/html; charset=utf-8")
}

/// The URL of the same path at another host, with a port if the client named one: it may come through a proxy
/// that leads port 443 here.
fn elsewhere(request: &Request, host: &str) -> String {
    let port = &request.authority[request.host().len()..];
    format!("https://{host}{port}{}", request.path)
}
