//! How is the example started? `cargo run -p symbolon-embed` serves http://localhost:8090.

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8090").await?;
    let router = symbolon_embed::router("http://localhost:8090", "sqlite:embed.db").await?;
    Ok(axum::serve(listener, router.into_make_service_with_connect_info::<std::net::SocketAddr>()).await?)
}
