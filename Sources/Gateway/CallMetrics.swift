// SPDX-License-Identifier: Apache-2.0
public import CoreMetrics
internal import Metrics

/// Where the gateway's numbers go.
public struct CallMetrics: Sendable {
    public var factory: any MetricsFactory
    /// Called with the name of each function that has been deleted.
    public var functionGone: @Sendable (String) -> Void

    public init(factory: any MetricsFactory, functionGone: @escaping @Sendable (String) -> Void) {
        self.factory = factory
        self.functionGone = functionGone
    }

    /// Counts nothing.
    public static let none = CallMetrics(factory: NOOPMetricsHandler.instance) { _ in }
}
