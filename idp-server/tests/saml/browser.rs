//! A browser that goes wherever it is sent, until it comes to rest.

use reqwest::{Response, header};
use symbolon_saml::Status;

use crate::{
    server::Server,
    service_provider::{ServiceProvider, opens, unescaped},
    signing_out::{asked, asked_in_form, back, location, posts, reply},
};

pub const HTTP_REFRESH: &str = "http-equiv=\"refresh\" content=\"0; url=";

/// Where a browser comes to rest.
#[derive(Debug)]
pub enum Rest {
    /// At another site.
    Away(Response),
    /// At a page of ours.
    Page(String),
}

impl Rest {
    pub fn page(self) -> String {
        match self {
            Self::Page(page) => page,
            Self::Away(response) => panic!("{response:?}"),
        }
    }

    pub fn away(self) -> Response {
        match self {
            Self::Away(response) => response,
            Self::Page(page) => panic!("{page}"),
        }
    }
}

/// A browser that follows, and the providers it meets, each of which says this.
pub struct Browser<'a> {
    server: &'a Server,
    pub cookie: String,
    providers: Vec<(&'a ServiceProvider, &'static str, Status)>,
    pub visited: Vec<&'static str>,
}

impl<'a> Browser<'a> {
    pub fn of(server: &'a Server, cookie: &str) -> Self {
        Self { server, cookie: cookie.to_owned(), providers: Vec::new(), visited: Vec::new() }
    }

    pub fn meets(mut self, provider: &'a ServiceProvider, slo: &'static str, status: Status) -> Self {
        self.providers.push((provider, slo, status));
        self
    }

    pub async fn follows(&mut self, mut came: Response) -> Rest {
        for _ in 0..20 {
            if came
                .headers()
                .get_all(header::SET_COOKIE)
                .iter()
                .any(|it| it.to_str().unwrap().contains("Max-Age=0"))
            {
                self.cookie.clear();
            }
            if came.status() == 303 {
                let to = location(&came);
                if to.starts_with('/') {
                    came = opens(self.server, &to, Some(&self.cookie)).await;
                    continue;
                }
                let met = self.providers.iter().find(|it| to.starts_with(&format!("{}?SAMLRequest", it.1)));
                let Some((provider, slo, status)) = met else { return Rest::Away(came) };
                let (request, reference) = asked(self.server, &came, slo).await;
                self.visited.push(slo);
                let reply = reply(self.server, provider, &request.head.id, status.clone());
                let to = back(&reply, &reference, Some(&provider.signer));
                came = opens(self.server, &to, Some(&self.cookie)).await;
                continue;
            }
            assert_eq!(came.status(), 200);
            let page = came.text().await.unwrap();
            if let Some((_, rest)) = page.split_once(HTTP_REFRESH) {
                let to = unescaped(rest.split_once('"').unwrap().0);
                if !to.starts_with('/') {
                    return Rest::Page(page);
                }
                came = opens(self.server, &to, Some(&self.cookie)).await;
                continue;
            }
            let met = self.providers.iter().find(|it| page.contains(&format!("action=\"{}\"", it.1)));
            let Some((provider, slo, status)) = met else { return Rest::Page(page) };
            let (request, reference) = asked_in_form(self.server, &page, slo).await;
            self.visited.push(slo);
            let reply = reply(self.server, provider, &request.head.id, status.clone());
            let text = reply.write(Some(&provider.signer)).unwrap();
            came = posts(self.server, "SAMLResponse", &text, &reference).await;
            assert_eq!(came.status(), 303);
        }
        panic!("round and round: {:?}", self.visited)
    }
}
