//! How does a sign-in end? In a session, new cookies, and on with the parked request.

use axum::response::{IntoResponse as _, Response};
use idp_core::{
    Error, Id,
    engine::{Account, Progress},
    signin::SignInRow,
};
use symbolon_axum::{Visitor, cookies::Cookies};

use super::page::{Trouble, reload, show};
use crate::{app::App, interaction};

/// What an answer led to: the end, or the page of the sign-in as it stands now.
pub(super) async fn led(
    app: &App,
    visitor: &Visitor,
    id: Id<SignInRow>,
    progress: Result<Progress, Error>,
) -> Response {
    match progress {
        Ok(Progress::Ready) => end(app, visitor, id, Account::Unasked).await,
        Ok(_) => reload(id),
        Err(error) => show(app, visitor, id, Trouble { page: Some(error), ..Trouble::default() }).await,
    }
}

/// Ends the sign-in. A repeat within 30 seconds gets the same session, and the application a new answer.
pub(super) async fn end(app: &App, visitor: &Visitor, id: Id<SignInRow>, account: Account) -> Response {
    match opened(app, visitor, id, account).await {
        Ok(response) => response,
        Err(error) => show(app, visitor, id, Trouble { page: Some(error), ..Trouble::default() }).await,
    }
}

async fn opened(
    app: &App,
    visitor: &Visitor,
    id: Id<SignInRow>,
    account: Account,
) -> Result<Response, Error> {
    let engine = app.engine();
    let before = visitor.session(engine).await?.map(|signed_in| signed_in.session);
    let opened = engine.finish_into_session(visitor.initiator()?, id, account, before.as_ref()).await?;
    let jar = app.web().cookies();
    let mut cookies = vec![jar.session(&opened.secret), jar.closed(visitor.open_sign_ins(), id)];
    cookies.extend(opened.known.as_ref().map(|secret| jar.known(secret)));
    let parked = interaction::parked(&opened.parked)?;
    let response = interaction::resume(app, visitor, &opened.session, &opened.user, parked).await;
    Ok((Cookies(cookies), response).into_response())
}
