// SPDX-License-Identifier: Apache-2.0
internal import FunctionModel
internal import NIOCore
internal import NIOHTTP1

/// HTTP calls to a function that says who may call it over HTTP, and how. Source: Function Compute contract §7.7.
extension Exchange {
    /// A host name of somebody's own: its paths lead to functions, and what they say about HTTP triggers does not count.
    func come(by domain: CustomDomain, _ target: String) {
        guard withinLimits() else { return }
        guard domain.reached != .https || client.isSecure else {
            return fail(.accessDenied("domain '\(domain.name)' takes HTTPS only"))
        }
        let path = target[..<(target.firstIndex(of: "?") ?? target.endIndex)]
        let origin = head.headers.first(name: "origin")
        if let origin, let rule = domain.crossOrigin, answersPreflight(rule, origin) { return }
        guard let route = domain.route(method: head.method.rawValue, path: path) else {
            return fail(
                ServiceError(
                    status: 404, code: "DomainRouteNotFound",
                    message: "domain '\(domain.name)' has no route for \(head.method) \(path.prefix(200))"))
        }
        if let origin { own.crossOriginFields = (domain.crossOrigin ?? .byDefault).answerFields(origin: origin) }
        verify(domain.callers, route.function, route.qualifier, target) { claims in
            let target = route.rewrite.isEmpty ? target : route.rewrite.apply(to: target)
            self.call(route.function, route.qualifier, self.take(claims, of: domain.callers, target))
        }
    }

    func come(by trigger: HTTPTrigger, _ function: String, _ qualifier: String, _ target: String, byPath: Bool) {
        if trigger.isInternetDisabled, !(byPath && isLocal) {
            return fail(
                .accessDenied("access denied due to function internet URL is disable; call /http/\(function)/ from the host itself"))
        }
        let origin = head.headers.first(name: "origin")
        if let origin, let rule = trigger.crossOrigin, answersPreflight(rule, origin) { return }
        guard trigger.methods.contains(head.method.rawValue) else {
            let allowed = HTTPTrigger.methods.filter(trigger.methods.contains).joined(separator: ", ")
            return fail(.accessDenied("the HTTP trigger of function '\(function)' does not take \(head.method); it takes \(allowed)"))
        }
        if let origin { own.crossOriginFields = (trigger.crossOrigin ?? .byDefault).answerFields(origin: origin) }
        verify(trigger.callers, function, qualifier, target) { claims in
            self.call(function, qualifier, self.take(claims, of: trigger.callers, target))
        }
    }

    /// Whether the client is on this machine.
    private var isLocal: Bool {
        let address = client.address
        return address.hasPrefix("127.") || address == "::1" || address.hasPrefix("::ffff:127.")
    }

    /// The body waits meanwhile where it is.
    private func verify(
        _ rule: CallerRule, _ function: String, _ qualifier: String, _ target: String, then: @escaping ([PassedClaim]) -> Void
    ) {
        if rule == .anonymous { return then([]) }
        phase = .connecting
        let call = PresentedCall(
            method: head.method.rawValue, target: head.uri, path: String(target.prefix { $0 != "?" }),
            headers: head.headers.map { ($0.name, $0.value) }, function: loop.table.exactName(function), qualifier: qualifier)
        let bound = NIOLoopBound((self, then), eventLoop: loop.eventLoop)
        let (authentication, eventLoop) = (loop.options.authentication, loop.eventLoop)
        Task {
            let verdict: Result<[PassedClaim], ServiceError>
            do throws(ServiceError) { verdict = .success(try await authentication.verify(call, by: rule)) } catch {
                verdict = .failure(error)
            }
            eventLoop.execute {
                let (exchange, then) = bound.value
                guard !exchange.isOver else { return }
                switch verdict {
                case .success(let claims): then(claims)
                case .failure(let error): exchange.fail(error)
                }
            }
        }
    }

    /// - Returns: the target that goes on.
    private func take(_ claims: [PassedClaim], of rule: CallerRule, _ target: String) -> String {
        guard case .token(let rule) = rule, !rule.mappings.isEmpty else { return target }
        own.claimNames = rule.mappings.filter { $0.place == .header }.map(\.name)
        head = head.without(fields: own.claimNames)
        own.claimFields = PassedClaims.fields(claims)
        return PassedClaims.apply(claims, of: rule.mappings, to: target)
    }

    /// A browser asks whether a page may send a request. It is answered here, without an instance.
    ///
    /// - Returns: false where this is no such question.
    private func answersPreflight(_ rule: CrossOriginRule, _ origin: String) -> Bool {
        guard head.method == .OPTIONS, let method = head.headers.first(name: "access-control-request-method") else { return false }
        let asked = head.headers.first(name: "access-control-request-headers")
        if let fields = rule.preflightFields(origin: origin, method: method, headers: asked) {
            answerPreflight(fields)
        } else {
            fail(.accessDenied("corsConfig does not allow this request from origin '\(origin)'"))
        }
        return true
    }

    private func answerPreflight(_ fields: [(name: String, value: String)]) {
        phase = .over
        keepAlive = mayKeepAlive
        var out = HeadWriter(.noContent)
        out.add(lines: loop.dateLine())
        out.add("X-Fc-Request-Id", id)
        for field in fields { out.add(name: field.name, field.value) }
        if !keepAlive { out.add("Connection", "close") }
        out.end()
        client.write(out.bytes)
        client.exchangeEnded(self, keepAlive: keepAlive)
    }
}

extension ServiceError {
    static func accessDenied(_ message: String) -> ServiceError { ServiceError(status: 403, code: "AccessDenied", message: message) }
}
