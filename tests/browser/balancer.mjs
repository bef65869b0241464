// Which node gets a connection? A load balancer that is not sticky: the head of the first request decides.
import { once } from "node:events";
import { connect, createServer } from "node:net";

export class Balancer {
  /** Carries connections to the port that `choose` finds for the head of the first request: 0 is the first. */
  static async open(ports, choose) {
    const balancer = new Balancer();
    balancer.taken = [];
    balancer.sockets = new Set();
    balancer.server = createServer((client) => balancer.carry(client, ports, choose)).listen(0, "127.0.0.1");
    await once(balancer.server, "listening");
    balancer.port = balancer.server.address().port;
    return balancer;
  }

  carry(client, ports, choose) {
    let head = "";
    const first = (chunk) => {
      head += chunk.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      client.off("data", first);
      const place = choose(head);
      this.taken.push({ place, head });
      const node = this.keep(connect(ports[place], "127.0.0.1"));
      node.write(head, "latin1");
      client.pipe(node).pipe(client);
      client.on("close", () => node.destroy());
      node.on("close", () => client.destroy());
    };
    this.keep(client).on("data", first);
  }

  /** A side that goes away takes the other one along; that it went is no error. */
  keep(socket) {
    this.sockets.add(socket);
    socket.on("error", () => {}).on("close", () => this.sockets.delete(socket));
    return socket.setNoDelay(true);
  }

  /** The nodes that took connections whose first request contains `mark`. */
  placesOf(mark) {
    return [...new Set(this.taken.filter(({ head }) => head.includes(mark)).map(({ place }) => place))].sort();
  }

  close() {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}
