//! Requests of a program's own, such as to the model door: they go where the library's own go, over connections that come
//! about in the same way, and the answer is handed over as it begins.

use crate::bearer::Bearer;
use crate::client::Client;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::planes::Planes;
use crate::transport::authorization;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use std::sync::Arc;

/// The way of one request: to the address that answered last, and from there to the others.
///
/// What is tried again, and when, is up to the program: nothing is sent that it does not send.
///
/// ```no_run
/// # async fn example(client: portunus_client::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use http_body_util::BodyExt;
///
/// let question = http::Request::post("/v1/messages")
///     .header("anthropic-version", "2023-06-01")
///     .body(r#"{"model": "claude-haiku-4-5", "max_tokens": 64, "messages": []}"#.into())?;
/// let answer = client.passage().send(question, &client.bearer().await?).await?;
/// let mut body = answer.into_body();
/// while let Some(frame) = body.frame().await {
///     println!("{:?}", frame?.data_ref());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Passage {
    planes: Arc<Planes>,
    turn: usize,
}

impl Client {
    /// The way of a request of the program's own.
    #[must_use]
    pub fn passage(&self) -> Passage {
        let planes = Arc::clone(&self.shared.planes);
        let (turn, _) = planes.preferred();
        Passage { planes, turn }
    }
}

impl Passage {
    /// Where it leads now.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        self.planes.at(self.turn).endpoint()
    }

    /// The address did not answer: from now on it leads to another one, and everybody else's does too. When several requests
    /// notice it together, it is one failure.
    pub fn pass(&mut self) {
        self.planes.pass(self.turn);
        (self.turn, _) = self.planes.preferred();
    }

    /// Sends a request once, to the path and query of its address on this plane, as whoever the bearer proves; and hands the
    /// answer over as it begins, whatever its status is. Redirects are not followed.
    ///
    /// Nothing ends it: whoever waits for minutes is told by TCP when the plane is gone.
    ///
    /// # Errors
    ///
    /// [`Error::Unanswered`] and [`Error::Unsendable`].
    pub async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
        bearer: &Bearer,
    ) -> Result<Response<Incoming>, Error> {
        let node = self.planes.at(self.turn);
        let target = request.uri().path_and_query();
        let target = node
            .endpoint()
            .join(target.map_or("/", |target| target.as_str()));
        let unsendable = |error: http::uri::InvalidUri| Error::Unsendable(error.to_string());
        *request.uri_mut() = target.parse().map_err(unsendable)?;
        let authorization = authorization(bearer.secret())?;
        request.headers_mut().insert(AUTHORIZATION, authorization);
        node.begin(request).await.map_err(|lost| Error::Unanswered {
            plane: node.endpoint().to_string(),
            lost,
        })
    }
}
