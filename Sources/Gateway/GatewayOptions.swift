public import Access
// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
public import NIOCore

/// Where the gateway listens, and every limit that it holds a client or an instance to.
public struct GatewayOptions: Sendable {
    /// Host and port of the one listener; port 0 takes a free one.
    public var host: String = "127.0.0.1"
    public var port: Int = 8080
    /// Where HTTPS is taken besides, with HTTP/2 for who asks for it; nil takes none.
    public var tls: TLSOptions?
    /// Where its listening sockets come from and go to, so that they outlive the process.
    public var listeners = ListenerHandOver()
    /// The Unix socket of the control API; nil answers 404 for everything that is not a call.
    public var apiSocket: String?
    /// What `x-fc-region` and `x-fc-account-id` say.
    public var region: String = "cn-local"
    public var accountID: String = "1"
    /// Checks the signatures of calls; nil lets everyone call.
    public var authority: AccessAuthority?
    /// Verifies the callers of HTTP triggers that are not anonymous.
    public var authentication: any CallAuthentication = AnonymousOnly()

    /// Bytes of an event. Source: Function Compute contract §10 (32 MB).
    public var eventBytes: Int = 32 << 20
    /// Bytes of an asynchronous call's body. Source: Function Compute contract §9 (128 KB).
    public var asyncBytes: Int = 128 << 10
    /// Bytes of all header fields of a call together. Source of this and the next two: Function Compute contract §7.6.
    public var requestHeaderBytes: Int = 8 << 10
    public var requestTargetBytes: Int = 4 << 10
    public var answerHeaderBytes: Int = 8 << 10
    /// Bytes of an event call's answer that are held back until it is complete, so that duration and log can go into its head.
    public var heldAnswerBytes: Int = 64 << 10
    /// The same where the caller asks for the log, which goes into the head.
    public var heldAnswerBytesWithLog: Int = 32 << 20

    /// From the first byte of a request to the end of its head: error 408 `RequestTimeout`, limit `head`.
    public var headTime: TimeAmount = .seconds(15)
    /// Without a request on an open connection: closed.
    public var keepAliveTime: TimeAmount = .seconds(75)
    /// Without a byte of a request's body, where one is due: error 408 `RequestTimeout`, limit `body`.
    public var bodyIdleTime: TimeAmount = .seconds(60)
    /// Without the client taking as much of the answer as the gateway holds for it, some dozen kilobytes behind what the kernel holds: closed.
    public var sendIdleTime: TimeAmount = .seconds(60)
    /// From the end of a request to the first byte of the function's answer: error `FunctionTimeoutError`, limit `first byte`. Nil leaves it to the
    /// function's own time limit, which bounds the whole call.
    public var firstByteTime: TimeAmount?
    /// Without a byte of an answer that has begun: the connection ends. Nil leaves it to the function's own time limit.
    public var answerIdleTime: TimeAmount?
    /// An idle connection to an instance is used again within this time only. It is shorter than the keep-alive of the usual servers (gunicorn 2 s,
    /// Node and uvicorn 5 s), so that a call does not meet a connection that is just being closed.
    public var idleConnectionTime: TimeAmount = .milliseconds(1500)
    /// How long an update waits for the first instance of the new state before calls go there all the same.
    public var warmUpTime: TimeAmount = .seconds(5)
    /// How long `stop` waits for calls that run.
    public var drainTime: TimeAmount = .seconds(30)

    public init() {}
}

/// An address for HTTPS, and the PEM files of its certificate.
public struct TLSOptions: Sendable {
    public var host: String
    public var port: Int
    /// The certificate, with those that lead from it to a known one behind it.
    public var certificate: String
    public var key: String

    public init(host: String, port: Int, certificate: String, key: String) {
        (self.host, self.port, self.certificate, self.key) = (host, port, certificate, key)
    }
}
