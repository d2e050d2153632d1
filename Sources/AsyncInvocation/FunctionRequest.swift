// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import FunctionModel
internal import InvocationQueue
internal import NIOHTTP1

/// The request that an invocation becomes. Source: Function Compute contract §7.2 and §7.3.
enum FunctionRequest {
    /// - Parameter trace: the fields of the attempt's own span, which take the place of the caller's.
    static func head(
        _ claim: ClaimedInvocation, _ version: RunnableVersion, _ options: ActivationOptions, trace: [(String, String)]? = nil
    ) -> HTTPRequestHead {
        let invocation = claim.invocation
        var fields: [(String, String)] = []
        var (method, target, controlPath) = (HTTPMethod.POST, "/invoke", "/invoke")
        switch invocation.head {
        case .event(let given):
            fields = [("Host", "127.0.0.1:\(version.configuration.port)"), ("Content-Type", "application/octet-stream")]
            fields += given.map { ($0.name, $0.value) }
        case .http(let givenMethod, let givenTarget, let given):
            fields = given.map { ($0.name, $0.value) }
            (method, target, controlPath) = (HTTPMethod(rawValue: givenMethod), givenTarget, "/http-invoke")
        case .delivery: break
        }
        if let trace { fields = fields.filter { !InvocationHead.isTrace($0.0) } + trace }
        if !invocation.payload.isEmpty || method == .POST || method == .PUT || method == .PATCH {
            fields.append(("Content-Length", String(invocation.payload.count)))
        }
        let common =
            CommonHeaders.credentials(of: version, options)
            + CommonHeaders.of(version, qualifier: invocation.qualifier, region: options.region, account: options.accountID)
        fields += common.filter { $0.0 != "x-fc-retry-count" }
        fields += [
            ("x-fc-request-id", invocation.request.text), ("x-fc-control-path", controlPath), ("x-fc-invocation-type", "Async"),
            ("x-fc-async-task-id", invocation.task), ("x-fc-retry-count", String(claim.tries.failures + claim.tries.throttles)),
            ("Connection", "close"),
        ]
        return HTTPRequestHead(version: .http1_1, method: method, uri: target, headers: HTTPHeaders(fields))
    }
}
