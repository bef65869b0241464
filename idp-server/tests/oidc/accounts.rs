//! What is a person told when an administrator switches the account off and on?

use idp_core::{
    notify::Notice,
    users::{User, UserState},
};
use idp_server::accounts;

use crate::server::Server;

async fn switch(server: &Server, to: UserState) -> User {
    let user = accounts::find(server.app.engine(), &server.user.login).await.unwrap();
    accounts::switch(server.app.engine(), user.clone(), to).await.unwrap();
    user
}

#[tokio::test]
async fn switching_an_account_off_and_on_is_told_once_each() {
    let server = Server::start().await;
    let before = server.app.engine().store().notices(server.user.id, 50).await.unwrap().len();
    for state in [UserState::Disabled, UserState::Disabled, UserState::Active] {
        switch(&server, state).await;
    }
    let rows = server.app.engine().store().notices(server.user.id, 50).await.unwrap();
    let new = rows.len() - before;
    let told: Vec<Notice> = rows.into_iter().take(new).map(|row| row.notice).collect();
    let switched = |state| Notice::AccountSwitched { state };
    assert_eq!(told, [switched(UserState::Active), switched(UserState::Disabled)], "the newest first");
}
