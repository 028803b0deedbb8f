package aws

import (
	"context"
	"iter"

	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
)

// pages is a paginator of the SDK.
type pages[Page any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*control.Options)) (Page, error)
}

// listed are the items of a list's pages, each as view has it. A page is asked for when
// it is needed. The sequence ends after its first error.
func listed[Page, Item, T any](ctx context.Context, operation string, list pages[Page], items func(Page) []Item, view func(Item) T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for list.HasMorePages() {
			page, err := list.NextPage(ctx)
			if err != nil {
				var none T
				yield(none, wrap(ctx, operation, false, err))
				return
			}
			for _, item := range items(page) {
				if !yield(view(item), nil) {
					return
				}
			}
		}
	}
}
