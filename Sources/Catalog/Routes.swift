// SPDX-License-Identifier: Apache-2.0
import FunctionModel

/// The routes that were last published. Only one change at a time is made to it: ``TurnQueue`` sees to that.
actor Routes {
    private let subscriber: any RoutingSubscriber
    private var snapshot = RoutingSnapshot()

    init(subscriber: any RoutingSubscriber) { self.subscriber = subscriber }

    func replaceAll(_ functions: [String: FunctionRoute], domains: [String: CustomDomain]) async {
        snapshot = RoutingSnapshot(functions: functions, domains: domains)
        await subscriber.publish(snapshot)
    }

    /// - Parameter route: nil takes the function away.
    func replace(_ name: String, with route: FunctionRoute?) async {
        snapshot.functions[name] = route
        await subscriber.publish(snapshot)
    }

    /// - Parameter domain: nil takes it away.
    func replace(domain name: String, with domain: CustomDomain?) async {
        snapshot.domains[name] = domain
        await subscriber.publish(snapshot)
    }

    func route(_ name: String) -> FunctionRoute? { snapshot.functions[name] }

    var states: [FunctionRoute.State] { snapshot.functions.values.map(\.state) }

    /// Functions that cannot be called.
    var broken: [String] { snapshot.functions.filter { $0.value.state != .active }.keys.sorted() }
}
