// Package orders is the MCP server of the AgentCore tutorial: an order desk with
// one to four tools, so that a redeployment that brings a new tool can be played.
package orders

import (
	"cmp"
	"context"
	"fmt"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Order is one order of the desk.
type Order struct {
	OrderID  int    `json:"orderId" jsonschema:"id of the order"`
	Item     string `json:"item" jsonschema:"what was ordered"`
	Quantity int    `json:"quantity" jsonschema:"how many"`
	Status   string `json:"status" jsonschema:"state of the order, such as PLACED, SHIPPED or CANCELLED"`
}

// Deletion is the result of deleteOrder.
type Deletion struct {
	OrderID int  `json:"orderId" jsonschema:"id of the order"`
	Deleted bool `json:"deleted" jsonschema:"true: the order is gone"`
}

type orderID struct {
	OrderID int `json:"orderId" jsonschema:"id of the order, such as 123"`
}

// anyOrderID is for the tutorial's getOrder, which takes nothing.
type anyOrderID struct {
	OrderID int `json:"orderId,omitempty" jsonschema:"id of the order; default 123"`
}

type orderUpdate struct {
	OrderID int    `json:"orderId" jsonschema:"id of the order, such as 123"`
	Status  string `json:"status,omitempty" jsonschema:"new state of the order; default UPDATED"`
}

// NewServer is a server with the first n (1 to 4) of the tools getOrder,
// updateOrder, cancelOrder and deleteOrder, and with orders of its own: 123,
// 456 and 789. Any other n is an error.
func NewServer(n int) (*mcp.Server, error) {
	if err := checkCount(n); err != nil {
		return nil, err
	}
	server, tools := newDesk()
	for _, t := range tools[:n] {
		t.add(server)
	}
	return server, nil
}

func checkCount(n int) error {
	if n < 1 || n > 4 {
		return fmt.Errorf("the orders server has 1 to 4 tools, not %d", n)
	}
	return nil
}

// tool is one tool of a desk that can be put on a server at any time.
type tool struct {
	name string
	add  func(*mcp.Server)
}

func newDesk() (*mcp.Server, []tool) {
	server := mcp.NewServer(
		&mcp.Implementation{Name: "orders", Title: "Order desk", Version: "1.0.0"},
		// Not nil, which would advertise the deprecated logging.
		&mcp.ServerOptions{Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{ListChanged: true}}},
	)
	d := &desk{orders: map[int]Order{
		123: {OrderID: 123, Item: "espresso beans", Quantity: 2, Status: "PLACED"},
		456: {OrderID: 456, Item: "paper filters", Quantity: 100, Status: "SHIPPED"},
		789: {OrderID: 789, Item: "milk jug", Quantity: 1, Status: "PLACED"},
	}}
	return server, []tool{
		define("getOrder", "get an existing order", hints{readOnly: true}, d.get),
		define("updateOrder", "update existing order", hints{}, d.update),
		define("cancelOrder", "cancel existing order", hints{destructive: true}, d.cancel),
		define("deleteOrder", "delete existing order", hints{destructive: true}, d.delete),
	}
}

type hints struct{ readOnly, destructive bool }

func define[In, Out any](name, description string, h hints, handle func(In) (Out, error)) tool {
	openWorld := false
	definition := &mcp.Tool{Name: name, Description: description, Annotations: &mcp.ToolAnnotations{
		ReadOnlyHint:    h.readOnly,
		DestructiveHint: &h.destructive,
		IdempotentHint:  true, // each of them leaves the same state when it is repeated
		OpenWorldHint:   &openWorld,
	}}
	return tool{name, func(server *mcp.Server) {
		mcp.AddTool(server, definition, func(_ context.Context, _ *mcp.CallToolRequest, in In) (*mcp.CallToolResult, Out, error) {
			out, err := handle(in)
			return nil, out, err
		})
	}}
}

// desk holds the orders of one server.
type desk struct {
	mu     sync.Mutex
	orders map[int]Order
}

func unknown(id int) error {
	return fmt.Errorf("there is no order %d: the orders of a fresh server are 123, 456 and 789", id)
}

func (d *desk) get(in anyOrderID) (Order, error) {
	in.OrderID = cmp.Or(in.OrderID, 123)
	d.mu.Lock()
	defer d.mu.Unlock()
	order, ok := d.orders[in.OrderID]
	if !ok {
		return Order{}, unknown(in.OrderID)
	}
	return order, nil
}

func (d *desk) update(in orderUpdate) (Order, error) {
	in.Status = cmp.Or(in.Status, "UPDATED")
	d.mu.Lock()
	defer d.mu.Unlock()
	order, ok := d.orders[in.OrderID]
	if !ok {
		return Order{}, unknown(in.OrderID)
	}
	order.Status = in.Status
	d.orders[in.OrderID] = order
	return order, nil
}

func (d *desk) cancel(in orderID) (Order, error) {
	return d.update(orderUpdate{OrderID: in.OrderID, Status: "CANCELLED"})
}

func (d *desk) delete(in orderID) (Deletion, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.orders[in.OrderID]; !ok {
		return Deletion{}, unknown(in.OrderID)
	}
	delete(d.orders, in.OrderID)
	return Deletion{OrderID: in.OrderID, Deleted: true}, nil
}
